package helm

import (
	"regexp"
	"strconv"
	"strings"

	"weir.dev/native/render/wire"
)

// location is how the template engine writes a place: chart/templates/file:line[:column]. It has no typed form.
var location = regexp.MustCompile(`([^\s()"'<>]+/[^\s()"'<>:]+):(\d+)(?::\d+)?`)

// templateFailure finds the innermost place of a chain of includes, where the failing expression stands.
func (s *source) templateFailure(err error) *wire.Failure {
	failure := wire.Fail(wire.TemplateFailed, "%s", err.Error())
	for _, match := range location.FindAllStringSubmatch(err.Error(), -1) {
		name := s.repositoryFile(match[1])
		if name == "" {
			continue
		}
		line, convErr := strconv.Atoi(match[2])
		if convErr == nil {
			failure.At(name, line)
		}
	}
	return failure
}

var yamlParseError = regexp.MustCompile(`^YAML parse error on (\S+): `)

// outputFailure is about rendered text that is not YAML; its lines are not those of the template.
func (s *source) outputFailure(err error) *wire.Failure {
	failure := wire.Fail(wire.YAMLInvalid, "%s", err.Error())
	if match := yamlParseError.FindStringSubmatch(err.Error()); match != nil {
		failure.File = s.repositoryFile(match[1])
	}
	return failure
}

// withoutLine takes the line out of a failure that counts lines of rendered text, and names the template's file.
func (s *source) withoutLine(err error, template string) error {
	failure := wire.AsFailure(err, wire.YAMLInvalid)
	failure.File, failure.Line = s.repositoryFile(template), 0
	failure.Message = strings.ReplaceAll(failure.Message, template, s.shownName(template))
	return failure
}

func (s *source) shownName(template string) string {
	if name := s.repositoryFile(template); name != "" {
		return name
	}
	return template
}
