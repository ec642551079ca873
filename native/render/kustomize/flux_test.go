package kustomize

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	flux "github.com/fluxcd/pkg/kustomize"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	"weir.dev/native/render/snapshot/snapshottest"
	"weir.dev/native/render/wire"
)

var fluxCases = map[string]struct {
	tree snapshottest.Tree
	spec string
}{
	"plain files in nested directories": {tree: snapshottest.Tree{"app/b.yaml": configMap("b"), "app/a/x.yml": configMap("x"), "app/a.txt": "{", "app/a.json": "{}"}},
	"directories that sort after files": {tree: snapshottest.Tree{"app/a/x.yaml": configMap("x"), "app/a-b.yaml": configMap("ab"), "app/a.yaml": configMap("a")}},
	"a nested kustomization": {tree: snapshottest.Tree{"app/web.yaml": web, "app/k/kustomization.yml": "resources: [cm.yaml]\nnamePrefix: k-\n",
		"app/k/cm.yaml": configMap("a"), "app/k/not/read.yaml": "{{"}},
	"a directory named like a kustomization": {tree: snapshottest.Tree{"app/x/kustomization.yaml/a.yaml": configMap("a")}},
	"nothing":                                {tree: snapshottest.Tree{"app/README.md": ""}},
	"an empty file":                          {tree: snapshottest.Tree{"app/a.yaml": ""}},
	"only comments":                          {tree: snapshottest.Tree{"app/a.yaml": "# nothing\n"}},
	"several documents":                      {tree: snapshottest.Tree{"app/a.yaml": configMap("a") + "---\n" + configMap("b")}},
	"a list":                                 {tree: snapshottest.Tree{"app/a.yaml": "apiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: ConfigMap, metadata: {name: a}}\n"}},
	"values, no objects":                     {tree: snapshottest.Tree{"app/a.yaml": "replicas: 3\n"}},
	"broken YAML":                            {tree: snapshottest.Tree{"app/a.yaml": "kind: [\n"}},
	"no name":                                {tree: snapshottest.Tree{"app/a.yaml": "apiVersion: v1\nkind: ConfigMap\n"}},
	"the same object twice":                  {tree: snapshottest.Tree{"app/a.yaml": configMap("a"), "app/b.yaml": configMap("a")}},
	"a resource that is missing":             {tree: snapshottest.Tree{"app/kustomization.yaml": "resources: [absent.yaml]\n"}},
	"generators without resources":           {tree: snapshottest.Tree{"app/kustomization.yaml": "configMapGenerator: [{name: a, literals: [a=b]}]\n"}},
	"an unknown field":                       {tree: snapshottest.Tree{"app/kustomization.yaml": "resources: [a.yaml]\nnonsense: 1\n", "app/a.yaml": configMap("a")}},
	"namespace, prefix and suffix": {tree: snapshottest.Tree{"app/web.yaml": web, "app/ns.yaml": "apiVersion: v1\nkind: Namespace\nmetadata: {name: old}\n"},
		spec: "targetNamespace: ns\nnamePrefix: a-\nnameSuffix: -z\n"},
	"images over images": {tree: snapshottest.Tree{"app/web.yaml": web, "app/kustomization.yaml": "resources: [web.yaml]\nimages: [{name: example.com/web, newName: other.example/app, digest: \"sha256:abc\"}]\n"},
		spec: "images: [{name: example.com/web, newTag: \"3\"}]\n"},
	"patches": {tree: snapshottest.Tree{"app/web.yaml": web}, spec: `
patches:
- patch: |
    - {op: replace, path: /spec/replicas, value: 9}
  target: {group: apps, version: v1, kind: Deployment}
- patch: |
    {apiVersion: apps/v1, kind: Deployment, metadata: {name: web, labels: {a: b}}}
`},
	"old patches": {tree: snapshottest.Tree{"app/web.yaml": web}, spec: `
patchesStrategicMerge:
- {apiVersion: apps/v1, kind: Deployment, metadata: {name: web, labels: {a: b}}}
patchesJson6902:
- patch: [{op: replace, path: /spec/replicas, value: 9}]
  target: {group: apps, version: v1, kind: Deployment, name: web}
`},
	"a patch without its object": {tree: snapshottest.Tree{"app/web.yaml": web}, spec: "patches: [{patch: \"{apiVersion: v1, kind: A, metadata: {name: a}}\"}]\n"},
	"a component": {tree: snapshottest.Tree{"app/web.yaml": web, "c/kustomization.yaml": "kind: Component\napiVersion: kustomize.config.k8s.io/v1alpha1\nnamePrefix: c-\n"},
		spec: "components: [../c]\n"},
	"a missing component":          {tree: snapshottest.Tree{"app/web.yaml": web}, spec: "components: [../c]\n"},
	"a missing component, ignored": {tree: snapshottest.Tree{"app/web.yaml": web}, spec: "components: [../c]\nignoreMissingComponents: true\n"},
	"a remote component":           {tree: snapshottest.Tree{"app/web.yaml": web}, spec: "components: [\"https://example.com/a/b\"]\n"},
	"metadata of the build":        {tree: snapshottest.Tree{"app/web.yaml": web}, spec: "buildMetadata: [originAnnotations]\n"},
	"a crd with another schema":    {tree: snapshottest.Tree{"app/kustomization.yaml": "resources: [web.yaml]\nopenapi: {path: o.json}\n", "app/o.json": `{"definitions":{}}`, "app/web.yaml": web}},
}

// TestLikeUpstream renders each case with this package over a snapshot and with Flux's own package on a disk.
func TestLikeUpstream(t *testing.T) {
	for name, c := range fluxCases {
		t.Run(name, func(t *testing.T) {
			theirs := renderUpstream(t, c.tree, c.spec)
			var options wire.KustomizeOptions
			spec, err := yaml.YAMLToJSON([]byte(c.spec))
			if err == nil {
				err = json.Unmarshal(spec, &options)
			}
			if err != nil {
				t.Fatal(err)
			}
			options.Mode = ModeFlux
			ours := render(t, c.tree, "app", options)
			if _, message, failed := strings.Cut(ours, "KUSTOMIZE_FAILED "); failed {
				_, ours, _ = strings.Cut(message, " ")
			}
			if ours != theirs {
				t.Errorf("ours:\n%s\ntheirs:\n%s", ours, theirs)
			}
		})
	}
}

func renderUpstream(t *testing.T, tree snapshottest.Tree, spec string) string {
	t.Helper()
	root, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range tree {
		file := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	object := map[string]any{}
	if err := yaml.Unmarshal([]byte(spec), &object); err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(root, "app")
	generator := flux.NewGenerator(root, unstructured.Unstructured{Object: map[string]any{"spec": object}})
	if _, err := generator.WriteFile(dir); err != nil {
		return strings.ReplaceAll(err.Error(), root+"/", "/")
	}
	resources, err := flux.SecureBuild(root, dir, false)
	if err != nil {
		return strings.ReplaceAll(err.Error(), root+"/", "/")
	}
	var texts []string
	for _, resource := range resources.Resources() {
		text, err := resource.AsYAML()
		if err == nil {
			text, err = yaml.YAMLToJSON(text)
		}
		if err == nil {
			text, err = yaml.JSONToYAML(text)
		}
		if err != nil {
			t.Fatal(err)
		}
		texts = append(texts, string(text))
	}
	return strings.Join(texts, "---\n")
}

func TestVersionIsTheOneComparedWith(t *testing.T) {
	mod, err := os.ReadFile("../go.mod")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(mod), "github.com/fluxcd/pkg/kustomize "+FluxKustomize+"\n") {
		t.Errorf("go.mod does not require fluxcd/pkg/kustomize %s", FluxKustomize)
	}
}

func TestSchemaDoesNotLeak(t *testing.T) {
	own := fluxCases["a crd with another schema"].tree
	patched := snapshottest.Tree{"app/web.yaml": web, "app/kustomization.yaml": "resources: [web.yaml]\npatches:\n- patch: |\n    apiVersion: apps/v1\n    kind: Deployment\n    metadata: {name: web}\n    spec: {template: {spec: {containers: [{name: c, tty: true}]}}}\n"}
	for _, mode := range []string{ModeFlux, ModePlain} {
		before := render(t, patched, "app", wire.KustomizeOptions{Mode: mode})
		render(t, own, "app", wire.KustomizeOptions{Mode: mode})
		after := render(t, patched, "app", wire.KustomizeOptions{Mode: mode})
		if before != after || !strings.Contains(after, "image: example.com/web:1") {
			t.Errorf("%s before:\n%s\nafter:\n%s", mode, before, after)
		}
	}
}
