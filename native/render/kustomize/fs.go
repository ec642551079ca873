// Package kustomize runs kustomize over a snapshot, with Argo CD's edits or Flux's generated kustomization on top.
// It never fetches: a remote base is refused before kustomize would clone it.
package kustomize

import (
	"fmt"
	"io/fs"
	"path"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"sigs.k8s.io/kustomize/api/konfig"
	"sigs.k8s.io/kustomize/kyaml/filesys"

	"weir.dev/native/render/snapshot"
	"weir.dev/native/render/wire"
)

// mount is where the repository appears to kustomize. It is not the root, so that a path with too many ".." is seen to
// leave the repository instead of being clamped to it.
const mount = "/snapshot"

// treeFS is kustomize's view of the snapshot. overlay replaces files of the root directory in memory.
type treeFS struct {
	files   *snapshot.Reader
	overlay map[string][]byte
	refused *wire.Failure
}

var _ filesys.FileSystem = (*treeFS)(nil)

func newTreeFS(files *snapshot.Reader) *treeFS {
	return &treeFS{files: files, overlay: map[string][]byte{}}
}

// absolute gives the path under which kustomize knows a repository-relative one.
func absolute(p string) string { return path.Join(mount, p) }

// inside turns kustomize's absolute path into a repository-relative one.
func (t *treeFS) inside(op, name string) (string, error) {
	clean := filepath.Clean(name)
	if clean == mount {
		return "", nil
	}
	if rest, ok := strings.CutPrefix(clean, mount+"/"); ok {
		return rest, nil
	}
	if t.refused == nil {
		t.refused = wire.Fail(wire.PathEscapes, "path %q leaves the repository", name)
	}
	return "", &fs.PathError{Op: op, Path: name, Err: syscall.ENOENT}
}

// named puts kustomize's path into an error of the reader.
func named(err error, name string) error {
	if pathErr, ok := err.(*fs.PathError); ok {
		return &fs.PathError{Op: pathErr.Op, Path: name, Err: pathErr.Err}
	}
	return err
}

func (t *treeFS) stat(op, name string) (snapshot.Info, error) {
	p, err := t.inside(op, name)
	if err != nil {
		return snapshot.Info{}, err
	}
	info, err := t.files.Stat(p)
	return info, named(err, name)
}

func (t *treeFS) Exists(name string) bool {
	if _, ok := t.overlay[filepath.Clean(name)]; ok {
		return true
	}
	_, err := t.stat("stat", name)
	return err == nil
}

func (t *treeFS) IsDir(name string) bool {
	info, err := t.stat("stat", name)
	return err == nil && info.IsDir
}

func (t *treeFS) ReadFile(name string) ([]byte, error) {
	if data, ok := t.overlay[filepath.Clean(name)]; ok {
		return data, t.checkKustomization(name, data)
	}
	p, err := t.inside("open", name)
	if err != nil {
		return nil, err
	}
	data, err := t.files.ReadFile(p)
	if err != nil {
		return nil, named(err, name)
	}
	return data, t.checkKustomization(name, data)
}

func (t *treeFS) checkKustomization(name string, data []byte) error {
	for _, known := range konfig.RecognizedKustomizationFileNames() {
		if path.Base(name) == known {
			return t.refuseRemotes(name, data)
		}
	}
	return nil
}

func (t *treeFS) ReadDir(name string) ([]string, error) {
	p, err := t.inside("open", name)
	if err != nil {
		return nil, err
	}
	entries, err := t.files.ReadDir(p)
	if err != nil {
		return nil, named(err, name)
	}
	names := make([]string, 0, len(entries))
	for _, entry := range entries {
		names = append(names, entry.Name)
	}
	return names, nil
}

// CleanedAbs words its error as kustomize's own file system does, since Flux users know that text.
func (t *treeFS) CleanedAbs(name string) (filesys.ConfirmedDir, string, error) {
	clean := filepath.Clean(name)
	info, err := t.stat("lstat", clean)
	if err != nil {
		if pathErr, ok := err.(*fs.PathError); ok {
			err = &fs.PathError{Op: "lstat", Path: pathErr.Path, Err: pathErr.Err}
		}
		return "", "", fmt.Errorf("evalsymlink failure on '%s' : %w", name, err)
	}
	real := absolute(info.Path)
	if info.IsDir {
		return filesys.ConfirmedDir(real), "", nil
	}
	return filesys.ConfirmedDir(path.Dir(real)), path.Base(real), nil
}

// Glob supports patterns in any segment, listing only the directories on the way.
func (t *treeFS) Glob(pattern string) ([]string, error) {
	p, err := t.inside("glob", pattern)
	if err != nil {
		return nil, nil
	}
	found, err := t.files.Glob(p)
	if err != nil {
		return nil, err
	}
	names := make([]string, 0, len(found))
	for _, name := range found {
		names = append(names, absolute(name))
	}
	if filesys.IsHiddenFilePath(pattern) {
		return names, nil
	}
	return filesys.RemoveHiddenFiles(names), nil
}

// Walk visits in lexical order and does not follow symlinked directories, as filepath.Walk.
func (t *treeFS) Walk(name string, visit filepath.WalkFunc) error {
	p, err := t.inside("lstat", name)
	if err != nil {
		return visit(name, nil, err)
	}
	err = t.walk(p, visit)
	if err == filepath.SkipDir || err == filepath.SkipAll {
		return nil
	}
	return err
}

func (t *treeFS) walk(p string, visit filepath.WalkFunc) error {
	info, err := t.files.Lstat(p)
	if err != nil {
		return visit(absolute(p), nil, named(err, absolute(p)))
	}
	if err := visit(absolute(p), fileInfo{name: path.Base(p), info: info}, nil); err != nil || !info.IsDir {
		return err
	}
	entries, err := t.files.ReadDir(p)
	if err != nil {
		return visit(absolute(p), fileInfo{name: path.Base(p), info: info}, err)
	}
	for _, entry := range entries {
		if err := t.walk(path.Join(p, entry.Name), visit); err != nil && (err != filepath.SkipDir || !entry.IsDir) {
			return err
		}
	}
	return nil
}

type fileInfo struct {
	name string
	info snapshot.Info
}

func (f fileInfo) Name() string       { return f.name }
func (f fileInfo) Size() int64        { return 0 }
func (f fileInfo) ModTime() time.Time { return time.Time{} }
func (f fileInfo) IsDir() bool        { return f.info.IsDir }
func (f fileInfo) Sys() any           { return nil }
func (f fileInfo) Mode() fs.FileMode {
	switch {
	case f.info.IsDir:
		return fs.ModeDir | 0o755
	case f.info.IsLink:
		return fs.ModeSymlink | 0o777
	case f.info.Exec:
		return 0o755
	}
	return 0o644
}

func readOnly(op, name string) error { return &fs.PathError{Op: op, Path: name, Err: syscall.EROFS} }

func (t *treeFS) Create(name string) (filesys.File, error) { return nil, readOnly("create", name) }
func (t *treeFS) Open(name string) (filesys.File, error)   { return nil, readOnly("open", name) }
func (t *treeFS) Mkdir(name string) error                  { return readOnly("mkdir", name) }
func (t *treeFS) MkdirAll(name string) error               { return readOnly("mkdir", name) }
func (t *treeFS) RemoveAll(name string) error              { return readOnly("remove", name) }
func (t *treeFS) WriteFile(name string, _ []byte) error    { return readOnly("write", name) }
