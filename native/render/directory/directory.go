// Package directory renders a plain directory of manifests with the rules of Argo CD.
// It never follows a symlinked directory and never guesses at a file that is not YAML or JSON.
package directory

import (
	"bytes"
	"path"
	"strings"

	"github.com/gobwas/glob"

	"weir.dev/native/render/manifests"
	"weir.dev/native/render/snapshot"
	"weir.dev/native/render/wire"
)

// skipMarker anywhere in a file leaves the file out.
const skipMarker = "+argocd:skip-file-rendering"

func isManifest(name string) bool {
	switch path.Ext(name) {
	case ".yaml", ".yml", ".json", ".jsonnet":
		return true
	}
	return false
}

// Render reads the manifests below root in lexical order.
func Render(files *snapshot.Reader, store *manifests.Store, root string, options wire.DirectoryOptions) ([]manifests.Object, error) {
	w := walker{
		files: files, store: store, root: root, recurse: options.Recurse,
		exclude: compile(options.Exclude), include: compile(options.Include),
	}
	if err := w.walk(root); err != nil {
		return nil, err
	}
	return w.objects, nil
}

type walker struct {
	files   *snapshot.Reader
	store   *manifests.Store
	root    string
	recurse bool
	include matcher
	exclude matcher
	objects []manifests.Object
}

func (w *walker) walk(dir string) error {
	entries, err := w.files.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		name := path.Join(dir, entry.Name)
		if entry.IsDir {
			if w.recurse {
				if err := w.walk(name); err != nil {
					return err
				}
			}
			continue
		}
		if err := w.file(name, entry.IsLink); err != nil {
			return err
		}
	}
	return nil
}

func (w *walker) file(name string, link bool) error {
	if !isManifest(name) {
		return nil
	}
	if link {
		info, err := w.files.Stat(name)
		if snapshot.NotExist(err) || (err == nil && info.IsDir) {
			return nil
		}
		if err != nil {
			return err
		}
	}
	relative := strings.TrimPrefix(strings.TrimPrefix(name, w.root), "/")
	if w.exclude.given && w.exclude.match(relative) {
		return nil
	}
	if w.include.given && !w.include.match(relative) {
		return nil
	}
	blob, err := w.files.Open(name)
	if err != nil {
		return err
	}
	// The extension chooses the parser.
	parser := "directory" + path.Ext(name) + ":"
	parsed, ok := w.store.Get(parser, blob.ID)
	if !ok {
		data, err := blob.Read()
		if err != nil {
			return err
		}
		objects, err := parse(name, data)
		if err != nil {
			return err
		}
		parsed = w.store.Put(parser, blob.ID, manifests.Parsed{Objects: objects})
	}
	w.objects = append(w.objects, parsed.In(name)...)
	return nil
}

func parse(name string, data []byte) ([]manifests.Object, error) {
	if bytes.Contains(data, []byte(skipMarker)) {
		return nil, nil
	}
	var objects []manifests.Object
	var err error
	switch path.Ext(name) {
	case ".jsonnet":
		return nil, wire.Fail(wire.JsonnetRefused, "%s is Jsonnet, which is not evaluated; exclude it or add its output", name).At(name, 0)
	case ".json":
		objects, err = manifests.ParseJSON(name, data)
	default:
		objects, err = manifests.Parse(name, data)
		if err != nil && len(objects) == 0 && !looksLikeManifest(data) {
			return nil, nil // values files and the like live among manifests
		}
	}
	if err != nil {
		return nil, err
	}
	return manifests.Expand(objects)
}

func looksLikeManifest(data []byte) bool {
	for _, key := range []string{"apiVersion:", "kind:", "metadata:"} {
		if !bytes.Contains(data, []byte(key)) {
			return false
		}
	}
	return true
}

// matcher is a glob in which `*` crosses slashes, as Argo CD compiles it; a malformed pattern matches nothing.
type matcher struct {
	given bool
	glob  glob.Glob
}

func compile(pattern string) matcher {
	if pattern == "" {
		return matcher{}
	}
	compiled, err := glob.Compile(pattern)
	if err != nil {
		return matcher{given: true}
	}
	return matcher{given: true, glob: compiled}
}

func (m matcher) match(name string) bool { return m.glob != nil && m.glob.Match(name) }
