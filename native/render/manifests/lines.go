package manifests

import (
	"bytes"
	"encoding/json"
	"errors"
	"regexp"
	"strconv"

	"weir.dev/native/render/wire"
)

var (
	yamlLine = regexp.MustCompile(`yaml: line (\d+): `)
	// The parser (unlike the scanner) reports the line before the one it stopped at.
	parserError = regexp.MustCompile(`did not find expected (node content|'-' indicator|key|<document start>|',' or )`)
)

// errorLine is the line of the file at which a document broke. The library has no other way to tell it than its text.
func errorLine(err error, doc document) int {
	message := err.Error()
	match := yamlLine.FindStringSubmatch(message)
	if match == nil {
		return doc.line
	}
	line, convErr := strconv.Atoi(match[1])
	if convErr != nil {
		return doc.line
	}
	if parserError.MatchString(message) {
		line++
	}
	last := doc.line + bytes.Count(bytes.TrimRight(doc.text, "\n"), []byte("\n"))
	return min(doc.line+line-1, last)
}

func jsonErrorLine(err error, data []byte) int {
	var syntax *json.SyntaxError
	if !errors.As(err, &syntax) {
		return 1
	}
	return 1 + bytes.Count(data[:min(int(syntax.Offset), len(data))], []byte("\n"))
}

// SyntaxLine is the file and line of the first document that is not YAML, 0 where all are.
func SyntaxLine(data []byte) int {
	docs, err := split("", toUTF8(data))
	for _, doc := range docs {
		if _, docErr := toJSON("", doc); docErr != nil {
			return lineOf(docErr)
		}
	}
	return lineOf(err)
}

func lineOf(err error) int {
	var failure *wire.Failure
	if errors.As(err, &failure) {
		return failure.Line
	}
	return 0
}
