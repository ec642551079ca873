package directory

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"weir.dev/native/render/manifests"
	"weir.dev/native/render/snapshot/snapshottest"
	"weir.dev/native/render/wire"
)

func object(name string) string {
	return "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: " + name + "}\n"
}

func TestRender(t *testing.T) {
	recurse := wire.DirectoryOptions{Recurse: true}
	cases := map[string]struct {
		tree    snapshottest.Tree
		options wire.DirectoryOptions
		says    string
	}{
		"lexical order, files and directories mixed": {
			tree:    snapshottest.Tree{"app/b/1.yaml": object("b1"), "app/a.yaml": object("a"), "app/c.json": `{"apiVersion":"v1","kind":"A","metadata":{"name":"c"}}`, "app/b.yml": object("b"), "other/x.yaml": object("x")},
			options: recurse,
			says:    "app/a.yaml:1 app/b/1.yaml:1 app/b.yml:1 app/c.json:1",
		},
		"other files":                   {tree: snapshottest.Tree{"app/a.txt": "{", "app/b.yaml.tpl": "{{", "app/c.yaml": object("c")}, says: "app/c.yaml:1"},
		"values beside manifests":       {tree: snapshottest.Tree{"app/values.yaml": "a: {b: c\n"}, says: ""},
		"broken, but meant as manifest": {tree: snapshottest.Tree{"app/a.yaml": "apiVersion: v1\nkind: A\nmetadata: {\n"}, says: "YAML_INVALID app/a.yaml:3"},
		"broken after a good object":    {tree: snapshottest.Tree{"app/a.yaml": object("a") + "---\na: {b\n"}, says: "YAML_INVALID app/a.yaml:5"},
		"broken JSON":                   {tree: snapshottest.Tree{"app/a.json": "{"}, says: "JSON_INVALID app/a.json:1"},
		"the skip marker":               {tree: snapshottest.Tree{"app/a.yaml": object("a") + "# +argocd:skip-file-rendering"}, says: ""},
		"jsonnet is not ignored":        {tree: snapshottest.Tree{"app/a.jsonnet": "{}"}, says: "JSONNET_UNSUPPORTED app/a.jsonnet:0"},
		"excluded jsonnet is":           {tree: snapshottest.Tree{"app/a.jsonnet": "{}"}, options: wire.DirectoryOptions{Exclude: "*.jsonnet"}, says: ""},
		"alternatives in a glob":        {tree: snapshottest.Tree{"app/a.yaml": object("a"), "app/b.yaml": object("b"), "app/c.yaml": object("c")}, options: wire.DirectoryOptions{Include: "{a,c}.yaml"}, says: "app/a.yaml:1 app/c.yaml:1"},
		"a malformed exclude":           {tree: snapshottest.Tree{"app/a.yaml": object("a")}, options: wire.DirectoryOptions{Exclude: "["}, says: "app/a.yaml:1"},
		"a symlinked directory":         {tree: snapshottest.Tree{"app/l": "-> ../other", "other/a.yaml": object("a")}, options: recurse, says: ""},
		"a dangling symlink":            {tree: snapshottest.Tree{"app/l.yaml": "-> x.yaml"}, says: ""},
		"a symlink out of the tree":     {tree: snapshottest.Tree{"app/l.yaml": "-> ../../x.yaml"}, says: "PATH_ESCAPES_SNAPSHOT app/l.yaml:0"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			objects, err := Render(snapshottest.Reader(t, withApp(c.tree)), manifests.NewStore(), "app", c.options)
			var lines []string
			for _, object := range objects {
				lines = append(lines, fmt.Sprintf("%s:%d", object.File, object.Line))
			}
			var failure *wire.Failure
			if errors.As(err, &failure) {
				lines = append(lines, fmt.Sprintf("%s %s:%d", failure.Code, failure.File, failure.Line))
			} else if err != nil {
				t.Fatal(err)
			}
			if says := strings.Join(lines, " "); says != c.says {
				t.Errorf("got %q, expected %q", says, c.says)
			}
		})
	}
}

func withApp(tree snapshottest.Tree) snapshottest.Tree {
	tree["app/.keep"] = ""
	return tree
}
