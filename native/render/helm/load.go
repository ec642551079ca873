// Package helm renders a chart as `helm template --include-crds` does, out of a snapshot and without a cluster.
// It never fetches a dependency, never reads a disk and never opens a connection; `lookup` finds nothing.
package helm

import (
	"bytes"
	"fmt"
	"io/fs"
	"path"
	"sort"
	"strings"
	"time"

	"helm.sh/helm/v4/pkg/chart/loader/archive"
	chart "helm.sh/helm/v4/pkg/chart/v2"
	"helm.sh/helm/v4/pkg/chart/v2/loader"
	"helm.sh/helm/v4/pkg/ignore"

	"weir.dev/native/render/snapshot"
	"weir.dev/native/render/wire"
)

var utf8bom = []byte{0xEF, 0xBB, 0xBF}

// maxDepth bounds directories within directories: a symlink may point at its own parent.
const maxDepth = 64

// source is a loaded chart and the repository files it came from.
type source struct {
	root  string
	chart *chart.Chart
	names map[string]bool
}

// load reads the chart directory, honouring .helmignore, and parses it.
func load(files *snapshot.Reader, root string) (*source, error) {
	l := chartLoader{files: files, root: root}
	if err := l.readIgnore(); err != nil {
		return nil, err
	}
	if err := l.walk("", 0); err != nil {
		return nil, err
	}
	loaded, err := loader.LoadFiles(l.found)
	if err != nil {
		return nil, wire.Fail(wire.ChartInvalid, "%s", err.Error()).At(path.Join(root, "Chart.yaml"), 0)
	}
	sortDependencies(loaded)
	names := make(map[string]bool, len(l.names))
	for _, name := range l.names {
		names[name] = true
	}
	return &source{root: root, chart: loaded, names: names}, nil
}

type chartLoader struct {
	files *snapshot.Reader
	root  string
	rules *ignore.Rules
	found []*archive.BufferedFile
	names []string
}

func (l *chartLoader) readIgnore() error {
	l.rules = ignore.Empty()
	name := path.Join(l.root, ignore.HelmIgnore)
	if _, err := l.files.Stat(name); err == nil {
		data, err := l.files.ReadFile(name)
		if err != nil {
			return err
		}
		rules, err := ignore.Parse(bytes.NewReader(data))
		if err != nil {
			return wire.Fail(wire.ChartInvalid, "%s is malformed: %v", name, err).At(name, 0)
		}
		l.rules = rules
	} else if !snapshot.NotExist(err) {
		return err
	}
	l.rules.AddDefaults()
	return nil
}

// walk follows symlinks, as helm does; dir is relative to the chart.
func (l *chartLoader) walk(dir string, depth int) error {
	if depth > maxDepth {
		return wire.Fail(wire.ChartInvalid, "chart directory %q is nested more than %d deep", dir, maxDepth).At(path.Join(l.root, dir), 0)
	}
	entries, err := l.files.ReadDir(path.Join(l.root, dir))
	if err != nil {
		return err
	}
	for _, entry := range entries {
		name := path.Join(dir, entry.Name)
		isDir := entry.IsDir
		if entry.IsLink {
			info, err := l.files.Stat(path.Join(l.root, name))
			if err != nil {
				return fmt.Errorf("error evaluating symlink %s: %w", name, err)
			}
			isDir = info.IsDir
		}
		if l.rules.Ignore(name, entryInfo{name: entry.Name, dir: isDir}) {
			continue
		}
		if isDir {
			err = l.walk(name, depth+1)
		} else {
			err = l.file(name)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (l *chartLoader) file(name string) error {
	data, err := l.files.ReadFile(path.Join(l.root, name))
	if err != nil {
		return err
	}
	if int64(len(data)) > archive.MaxDecompressedFileSize {
		return wire.Fail(wire.FileTooLarge, "chart file %q is larger than the maximum file size %d", name, archive.MaxDecompressedFileSize).At(path.Join(l.root, name), 0)
	}
	l.found = append(l.found, &archive.BufferedFile{Name: name, Data: bytes.TrimPrefix(data, utf8bom)})
	l.names = append(l.names, name)
	return nil
}

// sortDependencies gives subcharts a fixed order: the loader goes through a map.
func sortDependencies(c *chart.Chart) {
	deps := append([]*chart.Chart(nil), c.Dependencies()...)
	for _, dep := range deps {
		sortDependencies(dep)
	}
	sort.SliceStable(deps, func(a, b int) bool {
		if deps[a].Name() != deps[b].Name() {
			return deps[a].Name() < deps[b].Name()
		}
		return deps[a].Metadata.Version < deps[b].Metadata.Version
	})
	c.SetDependencies(deps...)
}

// checkDependencies wants every dependency of Chart.yaml in charts/, whatever its condition, as helm does.
func (s *source) checkDependencies() error {
	var missing []string
	for _, wanted := range s.chart.Metadata.Dependencies {
		found := false
		for _, have := range s.chart.Dependencies() {
			found = found || have.Name() == wanted.Name
		}
		if !found {
			missing = append(missing, wanted.Name)
		}
	}
	if len(missing) == 0 {
		return nil
	}
	return wire.Fail(wire.DependencyMissing, "found in Chart.yaml, but missing in charts/ directory: %s", strings.Join(missing, ", ")).
		At(path.Join(s.root, "Chart.yaml"), 0)
}

// repositoryFile maps helm's name of a template ("chart/templates/x.yaml") to the repository, "" where it lies in an archive
// or in a directory of another name.
func (s *source) repositoryFile(template string) string {
	_, inside, ok := strings.Cut(template, "/")
	if !ok || !s.names[inside] {
		return ""
	}
	return path.Join(s.root, inside)
}

type entryInfo struct {
	name string
	dir  bool
}

func (e entryInfo) Name() string       { return e.name }
func (e entryInfo) Size() int64        { return 0 }
func (e entryInfo) ModTime() time.Time { return time.Time{} }
func (e entryInfo) IsDir() bool        { return e.dir }
func (e entryInfo) Sys() any           { return nil }
func (e entryInfo) Mode() fs.FileMode {
	if e.dir {
		return fs.ModeDir
	}
	return 0
}
