package main

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"weir.dev/native/render/manifests"
	"weir.dev/native/render/snapshot/snapshottest"
	"weir.dev/native/render/wire"
	"weir.dev/native/stdio"
)

func frameOf(body string) string {
	head := make([]byte, 4)
	binary.BigEndian.PutUint32(head, uint32(len(body)))
	return string(head) + body
}

// talk sends the input and gives each answer's JSON after the handshake.
func talk(t *testing.T, input string) []string {
	t.Helper()
	var out bytes.Buffer
	if err := program().Serve(strings.NewReader(input), &out, func() {}); err != nil {
		t.Fatal(err)
	}
	var answers []string
	reader := bufio.NewReader(&out)
	for {
		body, err := stdio.ReadFrame(reader)
		if errors.Is(err, io.EOF) {
			return answers[1:]
		}
		if err != nil {
			t.Fatal(err)
		}
		answers = append(answers, string(body))
	}
}

func writeSnapshot(t *testing.T, tree snapshottest.Tree) string {
	t.Helper()
	dir := t.TempDir()
	var entries [][3]string
	for name, content := range tree {
		oid := snapshottest.OID(content)
		file := filepath.Join(dir, oid[:2], oid[2:])
		if err := errors.Join(os.MkdirAll(filepath.Dir(file), 0o755), os.WriteFile(file, []byte(content), 0o644)); err != nil {
			t.Fatal(err)
		}
		entries = append(entries, [3]string{name, "100644", oid})
	}
	manifest, err := json.Marshal(wire.Manifest{Version: 1, Entries: entries})
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, "manifest.json"), manifest, 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
	ref, err := json.Marshal(wire.SnapshotRef{ID: dir, Manifest: filepath.Join(dir, "manifest.json"), Blobs: dir})
	if err != nil {
		t.Fatal(err)
	}
	return string(ref)
}

func TestServe(t *testing.T) {
	object := "apiVersion: v1\nkind: A\nmetadata: {name: a}\n"
	ref := writeSnapshot(t, snapshottest.Tree{"a/x.yaml": object, "c/my-Chart.yaml": ""})
	gone := strings.ReplaceAll(ref, "manifest.json", "gone.json")
	gone = strings.Replace(gone, `"id":"`, `"id":"gone`, 1)
	digest := manifests.Object{JSON: []byte(`{"apiVersion":"v1","kind":"A","metadata":{"name":"a"}}`), File: "a/x.yaml", Line: 1}.Digest()
	cases := map[string]struct{ request, says string }{
		"a ping":                 {`{"id":7,"method":"ping"}`, `{"id":7,"ok":true,"result":{"protocol":2}}`},
		"an unknown method":      {`{"id":7,"method":"x"}`, `{"id":7,"ok":false,"error":{"code":"METHOD_UNKNOWN"`},
		"no JSON":                {`{`, `{"id":0,"ok":false,"error":{"code":"FRAME_INVALID"`},
		"malformed params":       {`{"id":7,"method":"render","params":{"path":1}}`, `{"id":7,"ok":false,"error":{"code":"PARAMS_INVALID"`},
		"no snapshot":            {`{"id":7,"method":"render","params":{"path":"a"}}`, `{"id":7,"ok":false,"error":{"code":"PARAMS_INVALID"`},
		"a manifest gone":        {`{"id":7,"method":"render","params":{"path":"a","snapshot":` + gone + `}}`, `{"id":7,"ok":false,"error":{"code":"MANIFEST_INVALID"`},
		"a rendering":            {`{"id":7,"method":"render","params":{"path":"a","snapshot":` + ref + `}}`, `{"id":7,"ok":true,"result":{"type":"directory","objects":[{"object":{"apiVersion":"v1","kind":"A","metadata":{"name":"a"}},"origin":{"file":"a/x.yaml","line":1},"digest":"` + digest + `"}],"reads":{"files":{"a/x.yaml":"` + snapshottest.OID(object)},
		"objects that are known": {`{"id":7,"method":"render","params":{"path":"a","known":"` + strings.Repeat("-", manifests.DigestLength) + digest + `","snapshot":` + ref + `}}`, `{"id":7,"ok":true,"result":{"type":"directory","objects":[{"same":{"from":1,"count":1}}],"reads":{"files":{"a/x.yaml":"` + snapshottest.OID(object)},
		"a failure with reads":   {`{"id":7,"method":"render","params":{"path":"b","snapshot":` + ref + `}}`, `{"id":7,"ok":false,"error":{"code":"PATH_NOT_FOUND","message":"path \"b\" is not a directory of the commit"},"reads":{"files":{},"dirs":{},"misses":["b"]}}`},
		"a file as path":         {`{"id":7,"method":"render","params":{"path":"a/x.yaml","snapshot":` + ref + `}}`, `{"id":7,"ok":false,"error":{"code":"PATH_NOT_FOUND"`},
		"a path out":             {`{"id":7,"method":"render","params":{"path":"../a","snapshot":` + ref + `}}`, `{"id":7,"ok":false,"error":{"code":"PATH_ESCAPES_SNAPSHOT"`},
		"an unknown type":        {`{"id":7,"method":"render","params":{"path":"a","type":"x","snapshot":` + ref + `}}`, `{"id":7,"ok":false,"error":{"code":"PARAMS_INVALID"`},
		"too much output":        {`{"id":7,"method":"render","params":{"path":"a","maxOutputBytes":9,"snapshot":` + ref + `}}`, `{"id":7,"ok":false,"error":{"code":"OUTPUT_TOO_LARGE"`},
		"a name ending in Chart.yaml is a chart to Argo CD": {`{"id":7,"method":"render","params":{"path":"c","helm":{"releaseName":"r"},"snapshot":` + ref + `}}`, `{"id":7,"ok":false,"error":{"code":"CHART_INVALID"`},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			answers := talk(t, frameOf(c.request)+frameOf(`{"id":8,"method":"ping"}`))
			if len(answers) != 2 || !strings.HasPrefix(answers[0], c.says) || !strings.HasPrefix(answers[1], `{"id":8,"ok":true`) {
				t.Errorf("got %s", answers)
			}
		})
	}
}
