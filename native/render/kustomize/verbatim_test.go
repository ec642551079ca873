package kustomize

import (
	"encoding/json"
	"testing"

	"weir.dev/native/render/manifests"
	"weir.dev/native/render/snapshot/snapshottest"
	"weir.dev/native/render/wire"
)

// What is taken over verbatim must be what a build makes of it, and the rest must be left to the build.
func TestVerbatimIsWhatABuildGives(t *testing.T) {
	list := "apiVersion: v1\nkind: List\nitems:\n  - {apiVersion: v1, kind: Secret, metadata: {name: a}}\n  - {apiVersion: v1, kind: Secret, metadata: {name: b}}\n"
	odd := "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: odd, annotations: {n: \"1\"}}\ndata: {big: \"12345678901234567890\", no: \"no\"}\n---\n\n---\napiVersion: v1\nkind: Namespace\nmetadata: {name: odd}\n"
	local := "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: local, annotations: {config.kubernetes.io/local-config: \"true\"}}\n"
	cases := map[string]struct {
		tree snapshottest.Tree
		fast bool
	}{
		"several files, lists and documents": {snapshottest.Tree{"app/a.yaml": odd, "app/sub/b.yml": list}, true},
		"an object that is only local":       {snapshottest.Tree{"app/a.yaml": odd, "app/local.yaml": local}, false},
		"the same object twice":              {snapshottest.Tree{"app/a.yaml": odd, "app/b.yaml": odd}, false},
		"a kustomization below":              {snapshottest.Tree{"app/a.yaml": odd, "app/k/kustomization.yaml": "resources: [s.yaml]\n", "app/k/s.yaml": list}, false},
		"nothing at all":                     {snapshottest.Tree{"app/README.md": "none"}, false},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			fast, isFast := rendered(t, c.tree, false)
			slow, _ := rendered(t, c.tree, true)
			if isFast != c.fast {
				t.Errorf("taken over verbatim: %v, expected %v", isFast, c.fast)
			}
			if fast != slow {
				t.Errorf("differs from a build:\n%s\n%s", fast, slow)
			}
		})
	}
}

// rendered shows the objects or the error; forced goes through a build in any case.
func rendered(t *testing.T, tree snapshottest.Tree, forced bool) (string, bool) {
	t.Helper()
	j := &job{files: newTreeFS(snapshottest.Reader(t, tree)), store: manifests.NewStore(), dir: "app", options: wire.KustomizeOptions{Mode: ModeFlux}}
	root, err := j.generate()
	if err != nil {
		t.Fatal(err)
	}
	objects, isFast := j.verbatim()
	if forced || !isFast {
		resources, err := j.build(root)
		if err != nil {
			return err.Error(), isFast
		}
		text, err := resources.AsYaml()
		if err != nil {
			t.Fatal(err)
		}
		return parsed(t, text), isFast
	}
	shown, _ := json.Marshal(objects)
	return string(shown), isFast
}

func parsed(t *testing.T, text []byte) string {
	t.Helper()
	objects, err := manifests.Parse("", text)
	if err != nil {
		t.Fatal(err)
	}
	objects, err = withoutPlaces(manifests.Expand(objects))
	if err != nil {
		t.Fatal(err)
	}
	shown, _ := json.Marshal(objects)
	return string(shown)
}
