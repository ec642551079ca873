package helm

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"weir.dev/native/render/snapshot/snapshottest"
	"weir.dev/native/render/wire"
)

const chartYAML = "apiVersion: v2\nname: app\nversion: 1.0.0\n"

func configMap(name, data string) string {
	return "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: " + name + "\ndata: {" + data + "}\n"
}

// render prints "kind/name data origin" per object, or the failure.
func render(t *testing.T, tree snapshottest.Tree, options wire.HelmOptions) (string, Result) {
	t.Helper()
	if options.ReleaseName == "" {
		options.ReleaseName, options.Namespace = "rel", "ns"
	}
	result, err := Render(snapshottest.Reader(t, tree), "app", options)
	var failure *wire.Failure
	if errors.As(err, &failure) {
		return fmt.Sprintf("%s %s:%d %s", failure.Code, failure.File, failure.Line, failure.Message), result
	}
	if err != nil {
		return err.Error(), result
	}
	var lines []string
	for _, object := range result.Objects {
		var head struct {
			Kind     string
			Metadata struct{ Name string }
			Data     map[string]any
		}
		if err := json.Unmarshal(object.JSON, &head); err != nil {
			t.Fatal(err)
		}
		lines = append(lines, fmt.Sprintf("%s/%s %v %s", head.Kind, head.Metadata.Name, head.Data, object.File))
	}
	return strings.Join(lines, "\n"), result
}

func chartOf(files snapshottest.Tree) snapshottest.Tree {
	tree := snapshottest.Tree{"app/Chart.yaml": chartYAML}
	for name, content := range files {
		tree[name] = content
	}
	return tree
}

var renderCases = map[string]struct {
	tree    snapshottest.Tree
	options wire.HelmOptions
	says    string
}{
	"the release and the capabilities": {
		tree:    chartOf(snapshottest.Tree{"app/templates/a.yaml": configMap("{{ .Release.Name }}", "a: {{ .Release.Namespace }} {{ .Capabilities.KubeVersion }} {{ .Capabilities.APIVersions.Has \"x.io/v1\" }} {{ .Release.IsInstall }} {{ .Capabilities.HelmVersion.Version }}")}),
		options: wire.HelmOptions{ReleaseName: "r", Namespace: "n", KubeVersion: "1.33.1", APIVersions: []string{"x.io/v1"}},
		says:    "ConfigMap/r map[a:n v1.33.1 true true v4.2.4] app/templates/a.yaml",
	},
	"install order, hooks last, notes and partials nowhere": {
		tree: chartOf(snapshottest.Tree{"app/templates/a.yaml": configMap("cm", ""), "app/templates/b.yaml": "apiVersion: v1\nkind: Namespace\nmetadata: {name: first}\n",
			"app/templates/0.yaml": "apiVersion: batch/v1\nkind: Job\nmetadata: {name: hook, annotations: {helm.sh/hook: pre-install}}\n",
			"app/templates/_p.tpl": "{{ define \"x\" }}{{ end }}", "app/templates/NOTES.txt": "notes", "app/templates/.hidden.yaml": "{{", "app/templates/empty.yaml": "{{ if false }}x{{ end }}"}),
		says: "Namespace/first map[] app/templates/b.yaml\nConfigMap/cm map[] app/templates/a.yaml\nJob/hook map[] app/templates/0.yaml",
	},
	"a list and several documents in a template": {
		tree: chartOf(snapshottest.Tree{"app/templates/a.yaml": configMap("a", "") + "---\napiVersion: v1\nkind: List\nitems: [{apiVersion: v1, kind: A, metadata: {name: b}}]\n"}),
		says: "ConfigMap/a map[] app/templates/a.yaml\nA/b map[] app/templates/a.yaml",
	},
	"files of the chart": {
		tree: chartOf(snapshottest.Tree{"app/templates/a.yaml": configMap("a", "a: {{ .Files.Get \"x.txt\" | quote }}"), "app/x.txt": "-> ../other.txt", "other.txt": "other"}),
		says: "ConfigMap/a map[a:other] app/templates/a.yaml",
	},
	"a symlinked template directory": {
		tree: chartOf(snapshottest.Tree{"app/templates": "-> ../shared", "shared/a.yaml": configMap("a", "")}),
		says: "ConfigMap/a map[] app/templates/a.yaml",
	},
	"ignored files": {
		tree: chartOf(snapshottest.Tree{"app/.helmignore": "templates/b.yaml\nskip/\n", "app/templates/a.yaml": configMap("a", ""), "app/templates/b.yaml": "{{", "app/skip/x": "-> ../../../out"}),
		says: "ConfigMap/a map[] app/templates/a.yaml",
	},
	"no cluster and no DNS": {
		tree: chartOf(snapshottest.Tree{"app/templates/a.yaml": configMap("a", "a: {{ lookup \"v1\" \"Pod\" \"\" \"\" | len | quote }}, b: {{ getHostByName \"example.com\" | quote }}")}),
		says: "ConfigMap/a map[a:0 b:] app/templates/a.yaml",
	},
	"a schema that fits":  {tree: chartOf(snapshottest.Tree{"app/values.schema.json": `{"properties":{"a":{"type":"integer"}}}`, "app/values.yaml": "a: 1\n"}), says: ""},
	"a schema that fails": {tree: chartOf(snapshottest.Tree{"app/values.schema.json": `{"properties":{"a":{"type":"integer"}}}`, "app/values.yaml": "a: x\n"}), says: "SCHEMA_INVALID :0 values don't meet the specifications of the schema(s) in the following chart(s):\napp:\n- at '/a': got string, want integer\n"},
	"a schema, skipped":   {tree: chartOf(snapshottest.Tree{"app/values.schema.json": `{"properties":{"a":{"type":"integer"}}}`, "app/values.yaml": "a: x\n"}), options: wire.HelmOptions{ReleaseName: "r", SkipSchemaValidation: true}, says: ""},
	"a schema on the disk": {tree: chartOf(snapshottest.Tree{"app/values.schema.json": `{"$ref":"file:///etc/hosts"}`}),
		says: `REMOTE_FILE_REFUSED :0 values.schema.json of chart app refers to "file:///etc/hosts", which is not loaded`},
	"a schema on the network": {tree: chartOf(snapshottest.Tree{"app/values.schema.json": `{"$id":"https://example.com/a.json","$ref":"b.json"}`}),
		says: `REMOTE_FILE_REFUSED :0 values.schema.json of chart app refers to "https://example.com/b.json", which is not loaded`},
	"a newer cluster is wanted": {tree: snapshottest.Tree{"app/Chart.yaml": chartYAML + "kubeVersion: \">=1.99\"\n"}, options: wire.HelmOptions{ReleaseName: "r", KubeVersion: "1.36.0"},
		says: "CHART_INVALID :0 chart requires kubeVersion: >=1.99 which is incompatible with Kubernetes v1.36.0"},
	"a library":               {tree: snapshottest.Tree{"app/Chart.yaml": chartYAML + "type: library\n"}, says: "CHART_INVALID :0 library charts are not installable"},
	"no chart":                {tree: snapshottest.Tree{"app/values.yaml": ""}, says: "CHART_INVALID app/Chart.yaml:0 Chart.yaml file is missing"},
	"a bad release name":      {tree: chartOf(nil), options: wire.HelmOptions{ReleaseName: "A_b"}, says: `PARAMS_INVALID :0 release name "A_b": invalid release name`},
	"a parse error":           {tree: chartOf(snapshottest.Tree{"app/templates/a.yaml": "a\n{{ if }}"}), says: "TEMPLATE_FAILED app/templates/a.yaml:2 parse error at (app/templates/a.yaml:2): missing value for if"},
	"an unknown function":     {tree: chartOf(snapshottest.Tree{"app/templates/a.yaml": "a\n{{ env \"HOME\" }}"}), says: "TEMPLATE_FAILED app/templates/a.yaml:2 parse error at"},
	"an include of itself":    {tree: chartOf(snapshottest.Tree{"app/templates/a.yaml": `{{ define "a" }}{{ include "a" . }}{{ end }}{{ include "a" . }}`}), says: "TEMPLATE_FAILED app/templates/a.yaml:1 "},
	"output that is not YAML": {tree: chartOf(snapshottest.Tree{"app/templates/a.yaml": "a: {{ \"[\" }}\n"}), says: "YAML_INVALID app/templates/a.yaml:0 YAML parse error on app/templates/a.yaml: "},
	"output without a name":   {tree: chartOf(snapshottest.Tree{"app/templates/a.yaml": "apiVersion: v1\nkind: A\n"}), says: "OBJECT_INVALID app/templates/a.yaml:0 A in app/templates/a.yaml has no metadata.name"},
	"a symlink out":           {tree: chartOf(snapshottest.Tree{"app/x": "-> ../../x"}), says: "PATH_ESCAPES_SNAPSHOT app/x:0 "},
}

func TestRender(t *testing.T) {
	for name, c := range renderCases {
		t.Run(name, func(t *testing.T) {
			if says, _ := render(t, c.tree, c.options); !strings.HasPrefix(says, c.says) || (c.says == "" && says != "") {
				t.Errorf("got:\n%s\nexpected:\n%s", says, c.says)
			}
		})
	}
}

func TestSubcharts(t *testing.T) {
	parent := chartYAML + "dependencies:\n- {name: sub, version: 1.0.0, condition: sub.enabled}\n- {name: packed, version: 1.0.0, alias: other}\n"
	sub := "apiVersion: v2\nname: sub\nversion: 1.0.0\n"
	tree := snapshottest.Tree{
		"app/Chart.yaml": parent, "app/values.yaml": "sub: {color: parent}\nglobal: {g: 1}\n",
		"app/charts/sub/Chart.yaml": sub, "app/charts/sub/values.yaml": "color: sub\n",
		"app/charts/sub/templates/a.yaml": configMap("sub", "c: {{ .Values.color }}, g: \"{{ .Values.global.g }}\""),
		"app/charts/sub/crds/x.yaml":      configMap("crd", ""),
		"app/charts/packed-1.0.0.tgz": packed(t, map[string]string{"packed/Chart.yaml": "apiVersion: v2\nname: packed\nversion: 1.0.0\n",
			"packed/templates/a.yaml": configMap("packed", "name: {{ .Chart.Name }}")}),
	}
	cases := map[string]struct {
		options wire.HelmOptions
		says    string
	}{
		"a directory and an archive": {wire.HelmOptions{}, "ConfigMap/crd map[] app/charts/sub/crds/x.yaml\nConfigMap/packed map[name:other] \nConfigMap/sub map[c:parent g:1] app/charts/sub/templates/a.yaml"},
		"one switched off":           {wire.HelmOptions{ReleaseName: "r", Values: "sub: {enabled: false}"}, "ConfigMap/packed map[name:other] "},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			if says, _ := render(t, tree, c.options); says != c.says {
				t.Errorf("got:\n%s\nexpected:\n%s", says, c.says)
			}
		})
	}
}

func packed(t *testing.T, files map[string]string) string {
	t.Helper()
	var out bytes.Buffer
	zip := gzip.NewWriter(&out)
	tarball := tar.NewWriter(zip)
	for name, content := range files {
		if err := tarball.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: int64(len(content))}); err != nil {
			t.Fatal(err)
		}
		if _, err := tarball.Write([]byte(content)); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(tarball.Close(), zip.Close()); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func TestValues(t *testing.T) {
	tree := chartOf(snapshottest.Tree{
		"app/values.yaml": "a: chart\n", "app/v/1.yaml": "a: one\n", "app/v/2.yaml": "a: two\nb: two\n", "root.yaml": "a: root\n", "app/bad.yaml": "a: b\nc: [\n", "app/f.txt": "from, file",
		"app/templates/a.yaml": configMap("a", "v: {{ omit .Values \"global\" | toJson | quote }}"),
	})
	set := func(pairs ...string) []wire.HelmParameter {
		var out []wire.HelmParameter
		for i := 0; i < len(pairs); i += 2 {
			out = append(out, wire.HelmParameter{Name: pairs[i], Value: pairs[i+1]})
		}
		return out
	}
	cases := map[string]struct {
		options wire.HelmOptions
		says    string
	}{
		"the chart's own":                  {wire.HelmOptions{}, `{"a":"chart"}`},
		"a glob, in byte order":            {wire.HelmOptions{ValueFiles: []string{"v/*.yaml"}}, `{"a":"two","b":"two"}`},
		"an explicit file keeps its place": {wire.HelmOptions{ValueFiles: []string{"v/*.yaml", "v/1.yaml"}}, `{"a":"one","b":"two"}`},
		"from the root of the repository":  {wire.HelmOptions{ValueFiles: []string{"/root.yaml"}}, `{"a":"root"}`},
		"from a parent directory":          {wire.HelmOptions{ValueFiles: []string{"../root.yaml"}}, `{"a":"root"}`},
		"from outside":                     {wire.HelmOptions{ValueFiles: []string{"../../root.yaml"}}, "PATH_ESCAPES_SNAPSHOT"},
		"a glob without a match":           {wire.HelmOptions{ValueFiles: []string{"x/*.yaml"}}, "VALUES_FILE_NOT_FOUND"},
		"the same, ignored":                {wire.HelmOptions{ValueFiles: []string{"x/*.yaml"}, IgnoreMissingValueFiles: true}, `{"a":"chart"}`},
		"a remote file":                    {wire.HelmOptions{ValueFiles: []string{"https://example.com/v.yaml"}}, "REMOTE_FILE_REFUSED"},
		"broken YAML":                      {wire.HelmOptions{ValueFiles: []string{"bad.yaml"}}, "VALUES_INVALID app/bad.yaml:2"},
		"an object beats the text":         {wire.HelmOptions{Values: "a: text\nb: text", ValuesObject: []byte(`{"a":"object"}`)}, `{"a":"object"}`},
		"parameters beat both":             {wire.HelmOptions{Values: "a: text", Parameters: set("a", "set", "l[0]", "x", "m.n", "1")}, `{"a":"set","l":["x"],"m":{"n":1}}`},
		"a comma in a parameter":           {wire.HelmOptions{Parameters: set("a", "x,y=z")}, `{"a":"x,y=z"}`},
		"a list parameter":                 {wire.HelmOptions{Parameters: set("a", "{x,y}")}, `{"a":["x","y"]}`},
		"a null parameter":                 {wire.HelmOptions{Parameters: set("a", "null")}, `{}`},
		"a forced string":                  {wire.HelmOptions{Parameters: []wire.HelmParameter{{Name: "a", Value: "1", ForceString: true}}}, `{"a":"1"}`},
		"a large number":                   {wire.HelmOptions{Parameters: set("a", "9007199254740993")}, `{"a":9007199254740993}`},
		"a file parameter":                 {wire.HelmOptions{FileParameters: []wire.HelmFileParam{{Name: "a", Path: "f.txt"}}}, `{"a":"from, file"}`},
		"a missing file parameter":         {wire.HelmOptions{FileParameters: []wire.HelmFileParam{{Name: "a", Path: "x.txt"}}}, "VALUES_INVALID"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			c.options.ReleaseName = "r"
			says, _ := render(t, tree, c.options)
			want := c.says
			if strings.HasPrefix(want, "{") {
				want = "ConfigMap/a map[v:" + want + "] app/templates/a.yaml"
			}
			if !strings.HasPrefix(says, want) {
				t.Errorf("got:\n%s\nexpected:\n%s", says, want)
			}
		})
	}
}

func TestUnreproducible(t *testing.T) {
	for template, want := range map[string]bool{
		"a": false, "{{ randAlphaNum 5 | lower }}": true, "{{ uuidv4 }}": true, "{{ if false }}{{ uuidv4 }}{{ end }}a": false,
		"{{ now | unixEpoch }}": true, "{{ htpasswd \"a\" \"b\" | sha256sum }}": true, "{{ (genCA \"a\" 1).Cert | sha1sum }}": true,
		"{{ date \"2006\" 0 }}": false, "{{ date \"2006\" \"x\" }}": true, "{{ sha256sum \"a\" }}": false,
		"{{ include \"r\" . | sha1sum }}{{ define \"r\" }}{{ randInt 0 9 }}{{ end }}": true,
	} {
		t.Run(template, func(t *testing.T) {
			says, result := render(t, chartOf(snapshottest.Tree{"app/templates/a.yaml": configMap("\""+template+"\"", "")}), wire.HelmOptions{})
			if result.Unreproducible != want || !strings.HasPrefix(says, "ConfigMap/") {
				t.Errorf("unreproducible is %v: %s", result.Unreproducible, says)
			}
		})
	}
}
