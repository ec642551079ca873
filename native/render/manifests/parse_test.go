package manifests

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"unicode/utf16"

	"sigs.k8s.io/yaml"

	"weir.dev/native/render/wire"
)

// shown prints "line json" per object, then the failure.
func shown(objects []Object, err error) string {
	var lines []string
	for _, object := range objects {
		lines = append(lines, fmt.Sprintf("%d %s", object.Line, object.JSON))
	}
	var failure *wire.Failure
	if errors.As(err, &failure) {
		lines = append(lines, fmt.Sprintf("%s %d", failure.Code, failure.Line))
	}
	return strings.Join(lines, "\n")
}

func TestParse(t *testing.T) {
	cases := map[string]struct{ yaml, says string }{
		"one document":             {"kind: A\n", `1 {"kind":"A"}`},
		"lines of later documents": {"# c\n---\n\n# c\nkind: A\n---\nkind: B", "5 {\"kind\":\"A\"}\n7 {\"kind\":\"B\"}"},
		"empty documents":          {"---\n---\n# only a comment\n---\nnull\n---\nkind: A\n", `7 {"kind":"A"}`},
		"a comment on a separator": {"--- # c\nkind: A\n", `2 {"kind":"A"}`},
		"text on a separator":      {"kind: A\n--- kind: B\n", "YAML_INVALID 2"},
		"windows line ends":        {"kind: A\r\n---\r\nkind: B\r\n", "1 {\"kind\":\"A\"}\n3 {\"kind\":\"B\"}"},
		"a byte order mark":        {"\xEF\xBB\xBFkind: A\n", `1 {"kind":"A"}`},
		"old booleans":             {"kind: A\nv: [yes, no, on, off, y, n]\n", `1 {"kind":"A","v":[true,false,true,false,true,false]}`},
		"numbers":                  {"kind: A\nv: [0777, 0o17, 1e3, 9007199254740993, 18446744073709551615, 1.5]\n", `1 {"kind":"A","v":[511,15,1000,9007199254740993,18446744073709551615,1.5]}`},
		"a date stays a text":      {"kind: A\nv: 2001-12-14\n", `1 {"kind":"A","v":"2001-12-14"}`},
		"the last of two keys":     {"kind: A\nv: 1\nv: 2\n", `1 {"kind":"A","v":2}`},
		"merge keys":               {"kind: A\nb: &b {x: 1}\nv: {<<: *b, z: 2}\n", `1 {"b":{"x":1},"kind":"A","v":{"x":1,"z":2}}`},
		"a tab":                    {"kind: A\n---\nkind: B\nv:\n\t- 1\n", "1 {\"kind\":\"A\"}\nYAML_INVALID 5"},
		"a bad indentation":        {"kind: A\nv:\n  a: 1\n b: 2\n", "YAML_INVALID 4"},
		"an open bracket":          {"kind: A\nv: [1, 2\n", "YAML_INVALID 2"},
		"an open quote":            {"kind: A\nv: \"x\n", "YAML_INVALID 2"},
		"a colon too many":         {"a: b\nkind: A: B\n", "YAML_INVALID 2"},
		"no kind":                  {"\nmetadata: {}\n", "OBJECT_INVALID 2"},
		"a list":                   {"- a\n", "OBJECT_INVALID 1"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			if says := shown(Parse("f.yaml", []byte(c.yaml))); says != c.says {
				t.Errorf("got:\n%s\nexpected:\n%s", says, c.says)
			}
		})
	}
}

func TestParseUTF16(t *testing.T) {
	data := []byte{0xFF, 0xFE}
	for _, unit := range utf16.Encode([]rune("kind: Ä\n")) {
		data = append(data, byte(unit), byte(unit>>8))
	}
	if says := shown(Parse("f.yaml", data)); says != `1 {"kind":"Ä"}` {
		t.Error(says)
	}
}

func TestParseJSON(t *testing.T) {
	cases := map[string]struct{ json, says string }{
		"an object":    {`{"kind":"A"}`, `1 {"kind":"A"}`},
		"an array":     {`[{"kind":"A"},{"kind":"B"}]`, "1 {\"kind\":\"A\"}\n1 {\"kind\":\"B\"}"},
		"two objects":  {"{\"kind\":\"A\"}\n{}", "JSON_INVALID 2"},
		"broken":       {"{\n\"kind\": A}", "JSON_INVALID 2"},
		"not a object": {`"A"`, "OBJECT_INVALID 1"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			if says := shown(ParseJSON("f.json", []byte(c.json))); says != c.says {
				t.Errorf("got:\n%s\nexpected:\n%s", says, c.says)
			}
		})
	}
}

func TestExpand(t *testing.T) {
	const head = "apiVersion: v1\n"
	cases := map[string]struct{ yaml, says string }{
		"an object":            {head + "kind: A\nmetadata: {name: a}\n", `1 {"apiVersion":"v1","kind":"A","metadata":{"name":"a"}}`},
		"a generated name":     {head + "kind: A\nmetadata: {generateName: a-}\n", `1 {"apiVersion":"v1","kind":"A","metadata":{"generateName":"a-"}}`},
		"a list":               {head + "kind: List\nitems: [{apiVersion: v1, kind: A, metadata: {name: a}}]\n", `1 {"apiVersion":"v1","kind":"A","metadata":{"name":"a"}}`},
		"an empty list":        {head + "kind: List\nitems: []\n", ""},
		"a list of nothing":    {head + "kind: ConfigMapList\nitems: null\n", ""},
		"a list with a text":   {head + "kind: List\nitems: [a]\n", "OBJECT_INVALID 1"},
		"an item without kind": {head + "kind: List\nitems: [{apiVersion: v1, metadata: {name: a}}]\n", "OBJECT_INVALID 1"},
		"no apiVersion":        {"kind: A\nmetadata: {name: a}\n", "OBJECT_INVALID 1"},
		"no name":              {"---\n" + head + "kind: A\n", "OBJECT_INVALID 2"},
		"a number as name":     {head + "kind: A\nmetadata: {name: 1}\n", "OBJECT_INVALID 1"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			objects, err := Parse("f.yaml", []byte(c.yaml))
			if err == nil {
				objects, err = Expand(objects)
			}
			if says := shown(objects, err); says != c.says {
				t.Errorf("got:\n%s\nexpected:\n%s", says, c.says)
			}
		})
	}
}

func TestAliasesAreBounded(t *testing.T) {
	long := strings.Repeat("x", 1<<20)
	bombs := map[string]string{
		"a long text many times": "kind: A\nv: &v " + long + "\nl: [" + strings.Repeat("*v,", 100) + "]\n",
		"doubling":               "kind: A\na: &a [x,x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b,*b]\nd: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c,*c]\ne: &e [*d,*d,*d,*d,*d,*d,*d,*d,*d,*d]\nf: &f [*e,*e,*e,*e,*e,*e,*e,*e,*e,*e]\ng: &g [*f,*f,*f,*f,*f,*f,*f,*f,*f,*f]\nh: [*g,*g,*g,*g,*g,*g,*g,*g,*g,*g]\n",
		"itself":                 "kind: A\nv: &v [*v]\n",
	}
	for name, text := range bombs {
		t.Run(name, func(t *testing.T) {
			if says := shown(Parse("f.yaml", []byte(text))); !strings.HasPrefix(says, "YAML_TOO_LARGE") && !strings.HasPrefix(says, "YAML_INVALID") {
				t.Error(says[:min(len(says), 200)])
			}
		})
	}
}

// What is taken from an evaluator as it is must be what the way over YAML makes of it.
func TestFromBuilt(t *testing.T) {
	cases := map[string]struct {
		text  string
		plain bool
	}{
		"an ordinary object":       {`{"a":{"b":[1,true,null,"yes","1e3"]},"kind":"A"}`, true},
		"escapes":                  {`{"a":"\u003c\"\\\n\t ","kind":"A"}`, true},
		"a long integer":           {`{"a":1234567890123456789,"kind":"A"}`, false},
		"a fraction":               {`{"a":1.50,"kind":"A"}`, false},
		"an exponent":              {`{"a":1e3,"kind":"A"}`, false},
		"text beyond ASCII":        {`{"a":"über","kind":"A"}`, false},
		"a merge key":              {`{"\u003c\u003c":{"a":1},"kind":"A"}`, false},
		"digits in a long text":    {`{"a":"12345678901234567890.5e7","kind":"A"}`, true},
		"an object without a kind": {`{"a":1}`, true},
		"no object":                {`[1]`, false},
	}
	for sentence, c := range cases {
		t.Run(sentence, func(t *testing.T) {
			if isPlain([]byte(c.text)) != c.plain {
				t.Errorf("plain: %v, expected %v", !c.plain, c.plain)
			}
			direct, directErr := FromBuilt([]byte(c.text))
			written, err := yaml.JSONToYAML([]byte(c.text))
			if err != nil {
				t.Fatal(err)
			}
			round, roundErr := Parse("", written)
			if (directErr == nil) != (roundErr == nil) || len(direct) != len(round) {
				t.Fatalf("%v, %v and %v, %v", direct, directErr, round, roundErr)
			}
			for i := range direct {
				if string(direct[i].JSON) != string(round[i].JSON) || direct[i].Line != 0 {
					t.Errorf("%s and %s", direct[i].JSON, round[i].JSON)
				}
			}
		})
	}
}
