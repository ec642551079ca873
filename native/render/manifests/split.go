// Package manifests turns YAML and JSON text into Kubernetes objects the way kubectl reads them, keeping the line where each
// one starts. It never looks at what an object means beyond apiVersion, kind, name and items.
package manifests

import (
	"bytes"
	"encoding/binary"
	"strings"
	"unicode/utf16"

	"weir.dev/native/render/wire"
)

// document is one YAML document; Line is the 1-based line of the file that its text starts at.
type document struct {
	text []byte
	line int
}

// split cuts a stream at lines that start with "---". As in kubectl only a comment may follow on such a line.
func split(file string, data []byte) ([]document, error) {
	var docs []document
	start, line, first := 0, 0, 1
	for at := 0; at <= len(data); {
		line++
		end := bytes.IndexByte(data[at:], '\n')
		next := len(data) + 1
		if end >= 0 {
			next = at + end + 1
		}
		current := data[at:min(next, len(data))]
		if bytes.HasPrefix(current, []byte("---")) {
			rest := strings.TrimSpace(string(current[3:]))
			if rest != "" && rest[0] != '#' {
				return docs, wire.Fail(wire.YAMLInvalid, "invalid Yaml document separator: %s", rest).At(file, line)
			}
			docs = appendDocument(docs, data[start:at], first)
			start, first = min(next, len(data)), line+1
		}
		at = next
	}
	return appendDocument(docs, data[start:], first), nil
}

func appendDocument(docs []document, text []byte, line int) []document {
	if len(bytes.TrimSpace(text)) == 0 {
		return docs
	}
	return append(docs, document{text: text, line: line})
}

// firstContentLine is the line of the first text that is neither blank nor a comment.
func (d document) firstContentLine() int {
	line := d.line
	for _, text := range bytes.Split(d.text, []byte("\n")) {
		trimmed := bytes.TrimSpace(text)
		if len(trimmed) > 0 && trimmed[0] != '#' {
			return line
		}
		line++
	}
	return d.line
}

// toUTF8 drops a byte order mark and converts UTF-16 that has one.
func toUTF8(data []byte) []byte {
	switch {
	case bytes.HasPrefix(data, []byte{0xEF, 0xBB, 0xBF}):
		return data[3:]
	case bytes.HasPrefix(data, []byte{0xFF, 0xFE}):
		return fromUTF16(data[2:], binary.LittleEndian)
	case bytes.HasPrefix(data, []byte{0xFE, 0xFF}):
		return fromUTF16(data[2:], binary.BigEndian)
	}
	return data
}

func fromUTF16(data []byte, order binary.ByteOrder) []byte {
	units := make([]uint16, 0, len(data)/2)
	for ; len(data) >= 2; data = data[2:] {
		units = append(units, order.Uint16(data))
	}
	return []byte(string(utf16.Decode(units)))
}
