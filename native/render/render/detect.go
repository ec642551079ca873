// Package render decides which evaluator a path needs, runs it over the snapshot and builds the answer.
package render

import (
	"path"
	"strings"

	"weir.dev/native/render/snapshot"
	"weir.dev/native/render/wire"
)

// The types of a rendering.
const (
	typeAuto      = "auto"
	typeDirectory = "directory"
	typeKustomize = "kustomize"
	typeHelm      = "helm"
)

// detect looks at the names in the directory, as Argo CD does: a chart wins over a kustomization.
func detect(files *snapshot.Reader, dir string) (string, error) {
	entries, err := files.ReadDir(dir)
	if err != nil {
		return "", err
	}
	found := typeDirectory
	for _, entry := range entries {
		if entry.IsDir {
			continue
		}
		if strings.HasSuffix(entry.Name, "Chart.yaml") {
			return typeHelm, nil
		}
		if entry.Name == "kustomization.yaml" || entry.Name == "kustomization.yml" || entry.Name == "Kustomization" {
			found = typeKustomize
		}
	}
	return found, nil
}

// cleanPath takes a path as users write it ("./apps/", ".", "/") and gives the repository-relative one.
func cleanPath(p string) (string, error) {
	trimmed := strings.TrimLeft(p, "/")
	clean := path.Clean("./" + trimmed)
	if clean == ".." || strings.HasPrefix(clean, "../") {
		return "", wire.Fail(wire.PathEscapes, "path %q leaves the repository", p)
	}
	if clean == "." {
		return "", nil
	}
	return clean, nil
}
