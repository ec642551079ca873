package manifests

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"sort"
	"strings"

	"sigs.k8s.io/yaml"

	"weir.dev/native/render/wire"
)

// Object is one object with its place. Line is 0 where lines mean nothing.
type Object struct {
	JSON json.RawMessage
	File string
	Line int
	// sum of JSON, where it is known already.
	sum [sha256.Size]byte
}

// Parse reads a YAML stream. A document that is not YAML ends it with YAML_INVALID, one that is no object with a kind with
// OBJECT_INVALID; the objects before it are returned too, for the callers that judge by them. Empty documents are skipped.
func Parse(file string, data []byte) ([]Object, error) {
	docs, err := split(file, toUTF8(data))
	var objects []Object
	for _, doc := range docs {
		object, parseErr := parseDocument(file, doc)
		if parseErr != nil {
			return objects, parseErr
		}
		if object != nil {
			objects = append(objects, *object)
		}
	}
	return objects, err
}

func parseDocument(file string, doc document) (*Object, error) {
	text, err := toJSON(file, doc)
	if err != nil || text == nil {
		return nil, err
	}
	return fromJSON(text, file, doc.firstContentLine())
}

func fromJSON(text []byte, file string, line int) (*Object, error) {
	var head head
	if text[0] != '{' || json.Unmarshal(text, &head) != nil {
		return nil, wire.Fail(wire.ObjectInvalid, "%s is not a Kubernetes object", file).At(file, line)
	}
	if head.Kind == "" {
		return nil, wire.Fail(wire.ObjectInvalid, "Object 'Kind' is missing in '%s'", clip(text)).At(file, line)
	}
	return &Object{JSON: text, File: file, Line: line}, nil
}

// FromBuilt takes one object that an evaluator built, as JSON with sorted keys, without a place. The outcome is that of Parse
// on the same object written as YAML; where the two could differ it goes that way.
func FromBuilt(text []byte) ([]Object, error) {
	if !isPlain(text) {
		written, err := yaml.JSONToYAML(text)
		if err != nil {
			return nil, err
		}
		objects, err := Parse("", written)
		for i := range objects {
			objects[i].Line = 0
		}
		return objects, err
	}
	object, err := fromJSON(text, "", 0)
	if err != nil {
		return nil, err
	}
	return []Object{*object}, nil
}

// maxPlainDigits is how many digits a number may have that every notation keeps.
const maxPlainDigits = 15

// isPlain tells JSON that stays as it is when it is written as YAML and read again: an object in ASCII whose numbers are
// integers of moderate length.
func isPlain(text []byte) bool {
	// A quoted merge key is one to some YAML parsers all the same.
	if len(text) == 0 || text[0] != '{' || bytes.Contains(text, []byte(`"\u003c\u003c"`)) {
		return false
	}
	inString, digits := false, 0
	for at := 0; at < len(text); at++ {
		c := text[at]
		switch {
		case c < 0x20 || c >= 0x7f:
			return false
		case inString && c == '\\':
			at++
		case c == '"':
			inString, digits = !inString, 0
		case inString:
		case c >= '0' && c <= '9':
			if digits++; digits > maxPlainDigits {
				return false
			}
		case digits > 0 && (c == '.' || c == 'e' || c == 'E'):
			return false
		default:
			digits = 0
		}
	}
	return true
}

// toJSON converts one document; nil stands for an empty one.
func toJSON(file string, doc document) ([]byte, error) {
	if err := checkExpansion(file, doc); err != nil {
		return nil, err
	}
	text, err := yaml.YAMLToJSON(doc.text)
	if err != nil {
		failure := wire.Fail(wire.YAMLInvalid, "%s", err.Error())
		return nil, failure.At(file, errorLine(err, doc))
	}
	text = bytes.TrimSpace(text)
	if len(text) == 0 || bytes.Equal(text, []byte("null")) {
		return nil, nil
	}
	return text, nil
}

// ParseJSON reads a file with one object or an array of them.
func ParseJSON(file string, data []byte) ([]Object, error) {
	data = bytes.TrimSpace(toUTF8(data))
	var items []json.RawMessage
	var err error
	if bytes.HasPrefix(data, []byte("[")) {
		err = json.Unmarshal(data, &items)
	} else {
		var item json.RawMessage
		err = json.Unmarshal(data, &item)
		items = append(items, item)
	}
	if err != nil {
		return nil, wire.Fail(wire.JSONInvalid, "%s", err.Error()).At(file, jsonErrorLine(err, data))
	}
	objects := make([]Object, 0, len(items))
	for _, item := range items {
		var head head
		if err := json.Unmarshal(item, &head); err != nil || head.Kind == "" {
			return nil, wire.Fail(wire.ObjectInvalid, "Object 'Kind' is missing in '%s'", clip(item)).At(file, 1)
		}
		objects = append(objects, Object{JSON: item, File: file, Line: 1})
	}
	return objects, nil
}

type head struct {
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`
	Metadata   struct {
		Name         string `json:"name"`
		GenerateName string `json:"generateName"`
	} `json:"metadata"`
	Items json.RawMessage `json:"items"`
}

// Expand replaces lists by their items and checks that every object has an apiVersion, a kind and a name.
func Expand(objects []Object) ([]Object, error) {
	out := make([]Object, 0, len(objects))
	for _, object := range objects {
		var head head
		if err := json.Unmarshal(object.JSON, &head); err != nil {
			return nil, wire.Fail(wire.ObjectInvalid, "object in %s has malformed metadata: %v", object.File, err).At(object.File, object.Line)
		}
		if bytes.HasPrefix(head.Items, []byte("[")) {
			items, err := listItems(object, head)
			if err != nil {
				return nil, err
			}
			out = append(out, items...)
			continue
		}
		if strings.HasSuffix(head.Kind, "List") && bytes.Equal(head.Items, []byte("null")) {
			continue
		}
		if err := check(object, head); err != nil {
			return nil, err
		}
		out = append(out, object)
	}
	return out, nil
}

func listItems(object Object, list head) ([]Object, error) {
	var items []json.RawMessage
	if err := json.Unmarshal(list.Items, &items); err != nil {
		return nil, err
	}
	out := make([]Object, 0, len(items))
	for _, item := range items {
		var head head
		one := Object{JSON: item, File: object.File, Line: object.Line}
		if err := json.Unmarshal(item, &head); err != nil {
			return nil, wire.Fail(wire.ObjectInvalid, "an item of the %s in %s is not an object", list.Kind, object.File).At(object.File, object.Line)
		}
		if err := check(one, head); err != nil {
			return nil, err
		}
		out = append(out, one)
	}
	return out, nil
}

func check(object Object, head head) error {
	missing := ""
	switch {
	case head.APIVersion == "":
		missing = "apiVersion"
	case head.Kind == "":
		missing = "kind"
	case head.Metadata.Name == "" && head.Metadata.GenerateName == "":
		missing = "metadata.name"
	default:
		return nil
	}
	name := head.Metadata.Name
	if head.Kind != "" {
		name = strings.TrimSuffix(head.Kind+" "+name, " ")
	}
	if name == "" {
		name = "object"
	}
	return wire.Fail(wire.ObjectInvalid, "%s in %s has no %s", name, object.File, missing).At(object.File, object.Line)
}

// clip keeps the values of a Secret that lost its kind out of messages.
func clip(text []byte) string {
	var object map[string]json.RawMessage
	if json.Unmarshal(text, &object) != nil {
		return "..."
	}
	keys := make([]string, 0, len(object))
	for key := range object {
		keys = append(keys, key)
	}
	sort.Strings(keys)
	return "{" + strings.Join(keys, ", ") + "}"
}
