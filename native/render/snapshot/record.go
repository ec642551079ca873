package snapshot

import (
	"sort"
	"strings"

	"weir.dev/native/render/wire"
)

// record collects a read set.
type record struct {
	files  map[string]string
	dirs   map[string]string
	exists map[string]bool
	misses map[string]bool
}

func newRecord() record {
	return record{files: map[string]string{}, dirs: map[string]string{}, exists: map[string]bool{}, misses: map[string]bool{}}
}

func (s record) file(p, oid string)   { s.files[p] = oid }
func (s record) dir(p, digest string) { s.dirs[p] = digest }
func (s record) dirExists(p string)   { s.exists[p] = true }
func (s record) miss(p string)        { s.misses[p] = true }

// Reads is the read set so far. A directory that was only seen to exist is listed too, unless something recorded below it
// already stands or falls with it: its listing would make every new neighbour look like a change.
func (r *Reader) Reads() *wire.Reads {
	reads := &wire.Reads{Files: r.seen.files, Dirs: map[string]string{}, Misses: make([]string, 0, len(r.seen.misses))}
	known := make([]string, 0, len(r.seen.files)+len(r.seen.dirs))
	for p, digest := range r.seen.dirs {
		reads.Dirs[p] = digest
		known = append(known, p)
	}
	for p := range r.seen.files {
		known = append(known, p)
	}
	sort.Strings(known)
	for p := range r.seen.exists {
		if p != "" && !anyBelow(known, p) {
			reads.Dirs[p] = r.nodeAt(p).listingDigest()
		}
	}
	for p := range r.seen.misses {
		reads.Misses = append(reads.Misses, p)
	}
	sort.Strings(reads.Misses)
	return reads
}

// anyBelow says whether a sorted list has dir itself or a path below it.
func anyBelow(sorted []string, dir string) bool {
	at := sort.SearchStrings(sorted, dir)
	if at < len(sorted) && sorted[at] == dir {
		return true
	}
	at = sort.SearchStrings(sorted, dir+"/")
	return at < len(sorted) && strings.HasPrefix(sorted[at], dir+"/")
}

// nodeAt finds the node of a resolved path, which has no symlink in it.
func (r *Reader) nodeAt(p string) *node {
	n := r.tree.root
	for _, part := range strings.Split(p, "/") {
		if part != "" {
			n = n.children[part]
		}
	}
	return n
}
