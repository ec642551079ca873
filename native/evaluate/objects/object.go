// Package objects reads the Kubernetes objects that a message carries, and keeps what is secret in them out of messages.
package objects

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"sort"
	"strings"

	kubejson "k8s.io/apimachinery/pkg/util/json"

	"weir.dev/native/evaluate/wire"
	"weir.dev/native/stdio"
)

// maxMessage is how many bytes of an evaluator's own words are passed on.
const maxMessage = 2_000

// shortestSecret is the length from which a Secret's value is recognised in a text; shorter ones would blank out words.
const shortestSecret = 4

// Object is one object of a message, decoded at most once.
type Object struct {
	Raw     json.RawMessage
	decoded map[string]any
}

// Set is the objects of a message.
type Set []*Object

// NewSet takes the objects of a message as they came.
func NewSet(raw []json.RawMessage) Set {
	set := make(Set, len(raw))
	for i := range raw {
		set[i] = &Object{Raw: raw[i]}
	}
	return set
}

// At gives the object at an index.
func (s Set) At(index int) (*Object, error) {
	if index < 0 || index >= len(s) {
		return nil, stdio.Fail(stdio.ParamsInvalid, "run refers to object %d, the message has %d", index, len(s))
	}
	return s[index], nil
}

// Decoded gives the object with integers as int64 and other numbers as float64. Evaluators must not change it.
func (o *Object) Decoded() (map[string]any, error) {
	if o.decoded == nil {
		if err := kubejson.Unmarshal(o.Raw, &o.decoded); err != nil || o.decoded == nil {
			return nil, stdio.Fail(stdio.ParamsInvalid, "object of the message is no JSON object")
		}
	}
	return o.decoded, nil
}

// Literal gives the object with its numbers as they were written.
func (o *Object) Literal() (map[string]any, error) {
	decoder := json.NewDecoder(bytes.NewReader(o.Raw))
	decoder.UseNumber()
	var value map[string]any
	if err := decoder.Decode(&value); err != nil || value == nil {
		return nil, stdio.Fail(stdio.ParamsInvalid, "object of the message is no JSON object")
	}
	return value, nil
}

// Name is how messages call the object: `Kind namespace/name`.
func (o *Object) Name() string {
	decoded, err := o.Decoded()
	if err != nil {
		return "an object"
	}
	metadata, _ := decoded["metadata"].(map[string]any)
	name, namespace := text(metadata["name"]), text(metadata["namespace"])
	if namespace != "" {
		name = namespace + "/" + name
	}
	return strings.TrimSpace(fmt.Sprintf("%s %s", text(decoded["kind"]), name))
}

func text(value any) string {
	s, _ := value.(string)
	return s
}

// Failed tells that something named in subject went wrong with the object. Evaluators quote values in their reasons (jq and
// error() of Lua do), so that a Secret's reason is withheld.
func (o *Object) Failed(code, subject, reason string) *wire.Failure {
	if o.IsSecret() {
		reason = "the reason is withheld, for the object is a Secret"
	}
	return stdio.Fail(code, "%s on %s: %s", subject, o.Name(), Shorten(reason))
}

// Shorten cuts an evaluator's words to what a status can hold.
func Shorten(words string) string {
	if len(words) <= maxMessage {
		return words
	}
	return strings.ToValidUTF8(words[:maxMessage], "") + "..."
}

// IsSecret tells whether the object's values must not be shown.
func (o *Object) IsSecret() bool {
	decoded, err := o.Decoded()
	return err == nil && decoded["kind"] == "Secret"
}

// Redact blanks out the values of a Secret in words that a script made of it.
func (o *Object) Redact(words string) string {
	if !o.IsSecret() {
		return words
	}
	for _, value := range o.secrets() {
		words = strings.ReplaceAll(words, value, "***")
	}
	return words
}

// secrets gives every value of a Secret, as stored and in the clear, longest first: one may be part of another.
func (o *Object) secrets() []string {
	var values []string
	for _, field := range []string{"data", "stringData"} {
		entries, _ := o.decoded[field].(map[string]any)
		for _, entry := range entries {
			stored := text(entry)
			values = append(values, stored)
			if clear, err := base64.StdEncoding.DecodeString(stored); err == nil {
				values = append(values, string(clear))
			}
		}
	}
	long := values[:0]
	for _, value := range values {
		if len(value) >= shortestSecret {
			long = append(long, value)
		}
	}
	sort.Slice(long, func(i, j int) bool { return len(long[i]) > len(long[j]) })
	return long
}

// AsFailure gives the coded error that the functions of this package return.
func AsFailure(err error) *wire.Failure { return stdio.AsFailure(err, wire.Failed) }
