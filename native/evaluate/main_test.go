package main

import (
	"bytes"
	"strings"
	"testing"
)

func TestHandshake(t *testing.T) {
	var out bytes.Buffer
	if err := program().Serve(strings.NewReader(""), &out, func() {}); err != nil {
		t.Fatal(err)
	}
	hello := `{"type":"hello","protocol":1,"role":"evaluate","evaluators":{"cel":"`
	if got := out.String()[4:]; !strings.HasPrefix(got, hello) {
		t.Errorf("got %s", got)
	}
}
