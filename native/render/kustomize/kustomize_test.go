package kustomize

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"

	"weir.dev/native/render/manifests"
	"weir.dev/native/render/snapshot/snapshottest"
	"weir.dev/native/render/wire"
)

const web = `apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  replicas: 1
  template:
    spec:
      containers:
      - image: example.com/web:1
        name: c
`

func configMap(name string) string {
	return "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: " + name + "\n"
}

// render prints what was built as YAML, or the failure.
func render(t *testing.T, tree snapshottest.Tree, dir string, options wire.KustomizeOptions) string {
	t.Helper()
	objects, err := Render(snapshottest.Reader(t, tree), manifests.NewStore(), dir, options)
	var failure *wire.Failure
	if errors.As(err, &failure) {
		return fmt.Sprintf("%s %s:%d %s", failure.Code, failure.File, failure.Line, failure.Message)
	}
	if err != nil {
		return err.Error()
	}
	var texts []string
	for _, object := range objects {
		text, err := yaml.JSONToYAML(object.JSON)
		if err != nil {
			t.Fatal(err)
		}
		texts = append(texts, string(text))
	}
	return strings.Join(texts, "---\n")
}

func pointer(s string) *string { return &s }

func TestPlainEdits(t *testing.T) {
	root := "resources: [web.yaml]\nimages: [{name: example.com/web, newTag: \"2\"}]\n"
	labels := map[string]string{"team": "a"}
	cases := map[string]struct {
		root    string
		options wire.KustomizeOptions
		has     []string
	}{
		"none":                         {root, wire.KustomizeOptions{}, []string{"image: example.com/web:2", "name: web\n"}},
		"names and namespace":          {root, wire.KustomizeOptions{NamePrefix: pointer("a-"), NameSuffix: pointer("-z"), Namespace: "ns"}, []string{"name: a-web-z\n", "namespace: ns\n"}},
		"an image tag":                 {root, wire.KustomizeOptions{Images: []wire.ImageEdit{{Text: "example.com/web:3"}}}, []string{"image: example.com/web:3\n"}},
		"an image name, the tag kept":  {root, wire.KustomizeOptions{Images: []wire.ImageEdit{{Text: "example.com/web=other.example/app:*"}}}, []string{"image: other.example/app:2\n"}},
		"an image name drops the tag":  {root, wire.KustomizeOptions{Images: []wire.ImageEdit{{Text: "example.com/web=other.example/app"}}}, []string{"image: other.example/app:1\n"}},
		"an image with port":           {root, wire.KustomizeOptions{Images: []wire.ImageEdit{{Text: "example.com/web=host:5000/app:4"}}}, []string{"image: host:5000/app:4\n"}},
		"a digest":                     {root, wire.KustomizeOptions{Images: []wire.ImageEdit{{Text: "example.com/web@sha256:abc"}}}, []string{"image: example.com/web@sha256:abc\n"}},
		"a malformed image":            {root, wire.KustomizeOptions{Images: []wire.ImageEdit{{Text: "example.com/web"}}}, []string{"PARAMS_INVALID"}},
		"replicas":                     {root, wire.KustomizeOptions{Replicas: []wire.ReplicaEdit{{Name: "web", Count: 5}}}, []string{"replicas: 5\n"}},
		"labels reach the selectors":   {root, wire.KustomizeOptions{CommonLabels: labels}, []string{"matchLabels:\n      team: a\n"}},
		"labels without selectors":     {root, wire.KustomizeOptions{CommonLabels: labels, LabelWithoutSelector: true}, []string{"labels:\n    team: a\n  name: web\nspec:\n  replicas: 1\n  template:\n    spec:"}},
		"labels in templates":          {root, wire.KustomizeOptions{CommonLabels: labels, LabelWithoutSelector: true, LabelIncludeTemplates: true}, []string{"template:\n    metadata:\n      labels:\n        team: a\n"}},
		"a label that is there":        {root + "commonLabels: {team: b}\n", wire.KustomizeOptions{CommonLabels: labels}, []string{"KUSTOMIZE_FAILED", "already in kustomization file"}},
		"a label that is there, force": {root + "labels: [{pairs: {team: b}}]\n", wire.KustomizeOptions{CommonLabels: labels, LabelWithoutSelector: true, ForceCommonLabels: true}, []string{"labels:\n    team: a\n"}},
		"annotations":                  {root, wire.KustomizeOptions{CommonAnnotations: map[string]string{"a": "b"}}, []string{"annotations:\n    a: b\n"}},
		"a patch with a target": {root, wire.KustomizeOptions{Patches: []wire.PatchEdit{{
			Patch: "- {op: replace, path: /spec/replicas, value: 9}", Target: &wire.PatchTarget{Kind: "Deployment"}}}}, []string{"replicas: 9\n"}},
		"a patch file that renames": {root, wire.KustomizeOptions{Patches: []wire.PatchEdit{{
			Path: "rename.yaml", Target: &wire.PatchTarget{Name: "web"}, Options: map[string]bool{"allowNameChange": true}}}}, []string{"name: renamed\n"}},
		"components by glob":      {root, wire.KustomizeOptions{Components: []string{"components/*"}}, []string{"name: one\n", "name: two\n"}},
		"a missing component":     {root, wire.KustomizeOptions{Components: []string{"absent"}}, []string{"KUSTOMIZE_FAILED", `component "absent" does not exist`}},
		"a missing one, ignored":  {root, wire.KustomizeOptions{Components: []string{"absent"}, IgnoreMissingComponents: true}, []string{"name: web\n"}},
		"a remote component":      {root, wire.KustomizeOptions{Components: []string{"https://example.com/a/b"}}, []string{"REMOTE_BASE_REFUSED"}},
		"an unknown field":        {"resources: [web.yaml]\nnonsense: 1\n", wire.KustomizeOptions{}, []string{"KUSTOMIZE_FAILED", `unknown field "nonsense"`}},
		"old fields are replaced": {"bases: [components/one]\nresources: [web.yaml]\nimageTags: []\n", wire.KustomizeOptions{NamePrefix: pointer("a-")}, []string{"KUSTOMIZE_FAILED"}},
	}
	component := func(name string) string {
		return "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\nresources: [cm.yaml]\n"
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			says := render(t, snapshottest.Tree{
				"app/kustomization.yaml": c.root, "app/web.yaml": web,
				"app/rename.yaml":                       "- {op: replace, path: /metadata/name, value: renamed}",
				"app/components/one/kustomization.yaml": component("one"), "app/components/one/cm.yaml": configMap("one"),
				"app/components/two/kustomization.yaml": component("two"), "app/components/two/cm.yaml": configMap("two"),
			}, "app", c.options)
			for _, part := range c.has {
				if !strings.Contains(says, part) {
					t.Errorf("%q is not in:\n%s", part, says)
				}
			}
		})
	}
}

func TestSources(t *testing.T) {
	cases := map[string]struct {
		tree snapshottest.Tree
		says string
	}{
		"several kustomization files": {
			snapshottest.Tree{"app/kustomization.yaml": "resources: []", "app/Kustomization": "resources: []"},
			"KUSTOMIZE_FAILED :0 Found multiple kustomization files under: /app\n",
		},
		"none":                    {snapshottest.Tree{"app/x": ""}, "KUSTOMIZE_FAILED :0 unable to find one of 'kustomization.yaml', 'kustomization.yml' or 'Kustomization' in directory '/app'"},
		"a file of a neighbour":   {snapshottest.Tree{"app/kustomization.yaml": "resources: [../other.yaml]", "other.yaml": configMap("a")}, configMap("a")},
		"a symlinked file":        {snapshottest.Tree{"app/kustomization.yaml": "resources: [a.yaml]", "app/a.yaml": "-> ../other.yaml", "other.yaml": configMap("a")}, configMap("a")},
		"a symlinked base":        {snapshottest.Tree{"app/kustomization.yaml": "resources: [base]", "app/base": "-> ../base", "base/kustomization.yaml": "resources: [a.yaml]", "base/a.yaml": configMap("a")}, configMap("a")},
		"an escaping symlink":     {snapshottest.Tree{"app/kustomization.yaml": "resources: [a.yaml]", "app/a.yaml": "-> ../../x"}, `PATH_ESCAPES_SNAPSHOT app/a.yaml:0 path "app/a.yaml" leaves the repository`},
		"a path out":              {snapshottest.Tree{"app/kustomization.yaml": "resources: [../../etc/passwd]"}, `PATH_ESCAPES_SNAPSHOT :0 path "/etc/passwd" leaves the repository`},
		"an absolute path":        {snapshottest.Tree{"app/kustomization.yaml": "configMapGenerator: [{name: a, files: [/etc/passwd]}]"}, `PATH_ESCAPES_SNAPSHOT :0 path "/etc/passwd" leaves the repository`},
		"a remote patch file":     {snapshottest.Tree{"app/kustomization.yaml": "resources: [a.yaml]\npatches: [{path: \"http://example.com/x\"}]", "app/a.yaml": configMap("a")}, "REMOTE_BASE_REFUSED"},
		"a base by git address":   {snapshottest.Tree{"app/kustomization.yaml": "resources: [\"git@example.com:a/b\"]"}, "REMOTE_BASE_REFUSED app/kustomization.yaml"},
		"a remote base in a base": {snapshottest.Tree{"app/kustomization.yaml": "resources: [../base]", "base/kustomization.yml": "bases: [github.com/a/b]"}, "REMOTE_BASE_REFUSED base/kustomization.yml"},
		"a chart needs a plugin":  {snapshottest.Tree{"app/kustomization.yaml": "helmCharts: [{name: a, repo: \"https://example.com\"}]"}, "KUSTOMIZE_FAILED :0 trouble configuring builtin HelmChartInflationGenerator"},
		"large numbers":           {snapshottest.Tree{"app/kustomization.yaml": "resources: [a.yaml]", "app/a.yaml": "apiVersion: v1\nkind: A\nmetadata:\n  name: a\nspec:\n  n: 9007199254740993\n  yes: \"yes\"\n"}, "apiVersion: v1\nkind: A\nmetadata:\n  name: a\nspec:\n  \"n\": 9007199254740993\n  \"yes\": \"yes\"\n"},
	}
	DisableNetwork()
	t.Setenv("PATH", "")
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			if says := render(t, c.tree, "app", wire.KustomizeOptions{}); !strings.HasPrefix(says, c.says) {
				t.Errorf("got:\n%s\nexpected:\n%s", says, c.says)
			}
		})
	}
}

func TestIsRemote(t *testing.T) {
	for entry, want := range map[string]bool{
		"../base": false, "base": false, "./github.com": false, "https://example.com/a": true, "HTTP://example.com/a": true,
		"git::https://example.com/a": true, "github.com/a/b": true, "git@github.com:a/b.git": true, "ssh://git@example.com/a": true,
		"file:///etc": true, "": false,
	} {
		if isRemote(entry) != want {
			t.Errorf("isRemote(%q) is %v", entry, !want)
		}
	}
}
