package stdio

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"strings"
	"testing"
)

func frameOf(body string) string {
	head := make([]byte, 4)
	binary.BigEndian.PutUint32(head, uint32(len(body)))
	return string(head) + body
}

var echo = Program{
	Role:       "echo",
	Protocol:   3,
	Evaluators: map[string]string{"lib": "v1"},
	Handle: func(request Request) Response {
		if request.Method == "long" {
			return Response{ID: request.ID, OK: true, Result: strings.Repeat("x", MaxFrame)}
		}
		return Response{ID: request.ID, OK: true, Result: request.Params, Last: request.Method == "last"}
	},
}

// talk sends the input and gives every frame that came back, and how often the program learned that its parent was gone.
func talk(t *testing.T, input string) (frames []string, orphaned int) {
	t.Helper()
	var out bytes.Buffer
	if err := echo.Serve(strings.NewReader(input), &out, func() { orphaned++ }); err != nil {
		t.Fatal(err)
	}
	reader := bufio.NewReader(&out)
	for {
		body, err := ReadFrame(reader)
		if errors.Is(err, io.EOF) {
			return frames, orphaned
		}
		if err != nil {
			t.Fatal(err)
		}
		frames = append(frames, string(body))
	}
}

func TestServe(t *testing.T) {
	tooLong := make([]byte, 4)
	binary.BigEndian.PutUint32(tooLong, MaxFrame+1)
	ping := frameOf(`{"id":8,"method":"ping"}`)
	cases := map[string]struct{ input, says string }{
		"a request reaches the program":   {frameOf(`{"id":1,"method":"x","params":[1]}`), `{"id":1,"ok":true,"result":[1]}`},
		"a frame that is no request":      {frameOf(`{`), `{"id":0,"ok":false,"error":{"code":"FRAME_INVALID"`},
		"an answer longer than a frame":   {frameOf(`{"id":2,"method":"long"}`), `{"id":2,"ok":false,"error":{"code":"OUTPUT_TOO_LARGE"`},
		"a request longer than one frame": {string(tooLong) + strings.Repeat("x", MaxFrame+1), `{"id":0,"ok":false,"error":{"code":"FRAME_TOO_LARGE"`},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			frames, orphaned := talk(t, c.input+ping)
			if len(frames) != 3 || orphaned != 1 {
				t.Fatalf("got %d frames, orphaned %d times", len(frames), orphaned)
			}
			want := []string{
				`{"type":"hello","protocol":3,"role":"echo","evaluators":{"lib":"v1"}}`, c.says, `{"id":8,"ok":true,"result":{"protocol":3}}`,
			}
			for i := range want {
				if !strings.HasPrefix(frames[i], want[i]) {
					t.Errorf("frame %d: got %.200s, expected %s", i, frames[i], want[i])
				}
			}
		})
	}
}

func TestInputCutOff(t *testing.T) {
	if frames, orphaned := talk(t, frameOf(`{"id":1,"method":"x"}`)+"\x00\x00"); len(frames) != 2 || orphaned != 1 {
		t.Errorf("got %v", frames)
	}
}

func TestLastAnswer(t *testing.T) {
	frames, _ := talk(t, frameOf(`{"id":1,"method":"last","params":1}`)+frameOf(`{"id":2,"method":"ping"}`))
	if len(frames) != 2 || frames[1] != `{"id":1,"ok":true,"result":1,"last":true}` {
		t.Errorf("got %v", frames)
	}
}
