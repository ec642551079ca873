package snapshot

import (
	"errors"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"syscall"

	"weir.dev/native/render/wire"
)

// MaxFileBytes bounds one file of a snapshot.
const MaxFileBytes = 32 << 20

// maxLinks bounds a chain of symlinks, as the kernel does.
const maxLinks = 40

// Blobs reads the content of a blob by its id.
type Blobs func(oid string) ([]byte, error)

// DiskBlobs reads blobs from <dir>/<oid[0:2]>/<oid[2:]>.
func DiskBlobs(dir string) Blobs {
	return func(oid string) ([]byte, error) {
		name := filepath.Join(dir, oid[:2], oid[2:])
		info, err := os.Stat(name)
		if err == nil && info.Size() > MaxFileBytes {
			return nil, wire.Fail(wire.FileTooLarge, "blob %s has %d bytes, at most %d are read", oid, info.Size(), MaxFileBytes)
		}
		data, err := os.ReadFile(name)
		if err != nil {
			return nil, wire.Fail(wire.BlobMissing, "blob %s is not in the blob store", oid)
		}
		return data, nil
	}
}

// Reader answers questions about the tree by repository-relative slash paths and remembers each one.
// Missing paths are *fs.PathError with ENOENT; a path that leaves the tree is a PATH_ESCAPES_SNAPSHOT failure, which is
// also kept as Fault, because evaluators tend to swallow or rewrite the errors of their file system.
type Reader struct {
	tree  *Tree
	blobs Blobs
	seen  record
	fault *wire.Failure
}

// NewReader starts with an empty read set.
func NewReader(tree *Tree, blobs Blobs) *Reader {
	return &Reader{tree: tree, blobs: blobs, seen: newRecord()}
}

// Fault is the first attempt to leave the snapshot or to read a blob that is not there.
func (r *Reader) Fault() *wire.Failure { return r.fault }

func (r *Reader) fail(failure *wire.Failure) error {
	if r.fault == nil {
		r.fault = failure
	}
	return failure
}

// place is where a path leads once its symlinks are followed.
type place struct {
	path string
	node *node
}

// resolve walks to p. Every symlink on the way is recorded as a file, the first absent component as a miss.
func (r *Reader) resolve(op, p string, followLast bool) (place, error) {
	todo := strings.Split(p, "/")
	at := place{node: r.tree.root}
	links := 0
	for len(todo) > 0 {
		part := todo[0]
		todo = todo[1:]
		switch part {
		case "", ".":
			continue
		case "..":
			up, err := r.parent(p, at)
			if err != nil {
				return place{}, err
			}
			at = up
			continue
		}
		if at.node.kind != kindDir {
			r.seen.file(at.path, at.node.oid)
			return place{}, &fs.PathError{Op: op, Path: p, Err: syscall.ENOTDIR}
		}
		name := path.Join(at.path, part)
		child, ok := at.node.children[part]
		if !ok {
			r.seen.miss(name)
			return place{}, &fs.PathError{Op: op, Path: p, Err: syscall.ENOENT}
		}
		if child.kind != kindLink || (len(todo) == 0 && !followLast) {
			at = place{path: name, node: child}
			continue
		}
		if links++; links > maxLinks {
			return place{}, &fs.PathError{Op: op, Path: p, Err: syscall.ELOOP}
		}
		target, err := r.linkTarget(name, child)
		if err != nil {
			return place{}, err
		}
		todo = append(strings.Split(target, "/"), todo...)
	}
	return at, nil
}

func (r *Reader) parent(asked string, at place) (place, error) {
	if at.path == "" {
		return place{}, r.fail(wire.Fail(wire.PathEscapes, "path %q leaves the repository", asked).At(asked, 0))
	}
	up := path.Dir(at.path)
	if up == "." {
		up = ""
	}
	return place{path: up, node: r.nodeAt(up)}, nil
}

func (r *Reader) linkTarget(name string, link *node) (string, error) {
	r.seen.file(name, link.oid)
	data, err := r.blob(name, link.oid)
	if err != nil {
		return "", err
	}
	target := string(data)
	if strings.HasPrefix(target, "/") || target == "" {
		return "", r.fail(wire.Fail(wire.PathEscapes, "symlink %q points outside the repository", name).At(name, 0))
	}
	return target, nil
}

func (r *Reader) blob(name, oid string) ([]byte, error) {
	data, err := r.blobs(oid)
	if err != nil {
		return nil, r.fail(wire.AsFailure(err, wire.BlobMissing).At(name, 0))
	}
	return data, nil
}

// Info is what Stat and Lstat tell; Path is the resolved path.
type Info struct {
	Path   string
	IsDir  bool
	IsLink bool
	Exec   bool
}

// Stat follows symlinks.
func (r *Reader) Stat(p string) (Info, error) { return r.stat("stat", p, true) }

// Lstat does not follow the last symlink.
func (r *Reader) Lstat(p string) (Info, error) { return r.stat("lstat", p, false) }

func (r *Reader) stat(op, p string, follow bool) (Info, error) {
	at, err := r.resolve(op, p, follow)
	if err != nil {
		return Info{}, err
	}
	if at.node.kind == kindDir {
		r.seen.dirExists(at.path)
	} else {
		r.seen.file(at.path, at.node.oid)
	}
	return Info{Path: at.path, IsDir: at.node.kind == kindDir, IsLink: at.node.kind == kindLink, Exec: at.node.exec}, nil
}

// ReadFile gives a file's content.
func (r *Reader) ReadFile(p string) ([]byte, error) {
	blob, err := r.Open(p)
	if err != nil {
		return nil, err
	}
	return blob.Read()
}

// Blob is a file that was found and counts as read, whether or not its content is looked at: its id stands for that.
type Blob struct {
	ID   string
	Read func() ([]byte, error)
}

// Open finds a file.
func (r *Reader) Open(p string) (Blob, error) {
	at, err := r.resolve("open", p, true)
	if err != nil {
		return Blob{}, err
	}
	if at.node.kind == kindDir {
		r.seen.dirExists(at.path)
		return Blob{}, &fs.PathError{Op: "read", Path: p, Err: syscall.EISDIR}
	}
	r.seen.file(at.path, at.node.oid)
	return Blob{ID: at.node.oid, Read: func() ([]byte, error) { return r.blob(at.path, at.node.oid) }}, nil
}

// Entry is one child of a directory.
type Entry struct {
	Name   string
	IsDir  bool
	IsLink bool
}

// ReadDir lists a directory in byte order of the names.
func (r *Reader) ReadDir(p string) ([]Entry, error) {
	at, err := r.resolve("open", p, true)
	if err != nil {
		return nil, err
	}
	if at.node.kind != kindDir {
		r.seen.file(at.path, at.node.oid)
		return nil, &fs.PathError{Op: "readdir", Path: p, Err: syscall.ENOTDIR}
	}
	r.seen.dir(at.path, at.node.listingDigest())
	entries := make([]Entry, 0, len(at.node.names))
	for _, name := range at.node.names {
		child := at.node.children[name]
		entries = append(entries, Entry{Name: name, IsDir: child.kind == kindDir, IsLink: child.kind == kindLink})
	}
	return entries, nil
}

// NotExist says whether the path was simply not there.
func NotExist(err error) bool { return errors.Is(err, fs.ErrNotExist) }
