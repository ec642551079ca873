package stdio

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"time"
)

// defaultMemoryLimit makes the collector work before the parent's limit on resident memory ends the process.
const defaultMemoryLimit = 400 << 20

// lastAnswerGrace is how long an evaluation may go on once nobody can ask any more.
const lastAnswerGrace = 5 * time.Second

// Program is one role of weir's native side.
type Program struct {
	Role     string
	Protocol int
	// Evaluators are the versions that the handshake tells.
	Evaluators map[string]string
	// Handle answers every request but a ping; it gives the id back and does not panic.
	Handle func(Request) Response
}

// Main serves a program until stdin ends, and ends the process with a status where the protocol broke.
//
// The environment is dropped: evaluators read it (sprig, kustomize's git, jq's $ENV), and there is nothing to find.
func Main(program Program) {
	limit := os.Getenv("GOMEMLIMIT")
	os.Clearenv()
	if limit == "" {
		debug.SetMemoryLimit(defaultMemoryLimit)
	}
	protocol := os.Stdout
	os.Stdout = os.Stderr // a library that prints must not break the protocol
	if err := program.Serve(os.Stdin, protocol, leaveSoon); err != nil {
		fmt.Fprintf(os.Stderr, "%s: %v\n", program.Role, err)
		os.Exit(1)
	}
}

func leaveSoon() { time.AfterFunc(lastAnswerGrace, func() { os.Exit(0) }) }

// Serve answers until stdin ends or an answer is the last; orphaned is called at that moment, also while an evaluator is busy.
func (p Program) Serve(stdin io.Reader, stdout io.Writer, orphaned func()) error {
	in, out := bufio.NewReaderSize(stdin, 1<<16), bufio.NewWriterSize(stdout, 1<<16)
	hello := Hello{Type: "hello", Protocol: p.Protocol, Role: p.Role, Evaluators: p.Evaluators}
	if err := WriteFrame(out, hello, nil); err != nil {
		return err
	}
	for frame := range frames(in, orphaned) {
		var response Response
		switch {
		case errors.Is(frame.err, ErrFrameTooLarge):
			response.Error = Fail(FrameTooLarge, "%s", ErrFrameTooLarge.Error())
		case frame.err != nil:
			return frame.err
		default:
			response = p.answer(frame.body)
		}
		if err := WriteFrame(out, response, tooLarge(response.ID)); err != nil {
			return err
		}
		if response.Last {
			return nil
		}
	}
	return nil
}

type frame struct {
	body []byte
	err  error
}

// frames reads ahead by one frame, so that the end of stdin is seen while an evaluator is busy: a template or a script that
// never ends must not outlive the parent.
func frames(in *bufio.Reader, orphaned func()) <-chan frame {
	read := make(chan frame)
	go func() {
		defer close(read)
		for {
			body, err := ReadFrame(in)
			if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
				orphaned()
				return
			}
			read <- frame{body: body, err: err}
		}
	}()
	return read
}

func (p Program) answer(body []byte) Response {
	var request Request
	if err := json.Unmarshal(body, &request); err != nil {
		return Response{Error: Fail(FrameInvalid, "frame is not a request: %v", err)}
	}
	if request.Method == "ping" {
		return Response{ID: request.ID, OK: true, Result: Pong{Protocol: p.Protocol}}
	}
	return p.Handle(request)
}

func tooLarge(id int64) func(int) any {
	return func(size int) any {
		return Response{ID: id, Error: Fail(OutputTooLarge, "answer has %d bytes, a frame at most %d", size, MaxFrame)}
	}
}

// Linked is the version of a module in this very binary.
func Linked(module, fallback string) string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return fallback
	}
	for _, dep := range info.Deps {
		if dep.Path == module {
			return dep.Version
		}
	}
	return fallback
}
