package manifests

import (
	"container/list"
	"crypto/sha256"
	"encoding/base64"
	"strconv"
)

// maxStoredBytes bounds what a store keeps: the objects of some ten thousand files.
const maxStoredBytes = 32 << 20

// entryOverhead is what an entry costs beside its JSON, roughly.
const entryOverhead = 512

// DigestLength is the length of every object's digest.
const DigestLength = 20

// Parsed is what a file was parsed to: its objects, without a File, and whatever else the parser tells of it.
type Parsed struct {
	Objects []Object
	// Identities are kustomize's names of the objects.
	Identities []string
	// Special tells that kustomize treats one of the objects in its own way.
	Special bool
}

// Store keeps what files were parsed to by parser and blob id: the content alone decides it, wherever the file lies. What was
// used longest ago goes first. A failure is never kept. A request is served at a time, so it needs no lock.
type Store struct {
	entries map[string]*list.Element
	order   *list.List
	size    int
}

type stored struct {
	key    string
	parsed Parsed
	size   int
}

// NewStore makes an empty store.
func NewStore() *Store { return &Store{entries: map[string]*list.Element{}, order: list.New()} }

// Get finds what the parser made of the blob.
func (s *Store) Get(parser, oid string) (Parsed, bool) {
	found, ok := s.entries[parser+oid]
	if !ok {
		return Parsed{}, false
	}
	s.order.MoveToFront(found)
	return found.Value.(*stored).parsed, true
}

// Put keeps it, with the digest of each object's text.
func (s *Store) Put(parser, oid string, parsed Parsed) Parsed {
	size := entryOverhead
	objects := make([]Object, 0, len(parsed.Objects))
	for _, object := range parsed.Objects {
		object.File, object.sum = "", sha256.Sum256(object.JSON)
		objects = append(objects, object)
		size += len(object.JSON) + entryOverhead
	}
	parsed.Objects = objects
	if size > maxStoredBytes {
		return parsed
	}
	key := parser + oid
	if old, ok := s.entries[key]; ok {
		s.drop(old)
	}
	s.entries[key] = s.order.PushFront(&stored{key: key, parsed: parsed, size: size})
	for s.size += size; s.size > maxStoredBytes; {
		s.drop(s.order.Back())
	}
	return parsed
}

func (s *Store) drop(element *list.Element) {
	old := s.order.Remove(element).(*stored)
	delete(s.entries, old.key)
	s.size -= old.size
}

// In gives the objects their place.
func (p Parsed) In(file string) []Object {
	objects := make([]Object, len(p.Objects))
	for i, object := range p.Objects {
		object.File = file
		objects[i] = object
	}
	return objects
}

// Digest names the object and its place: equal digests, equal answers.
func (o Object) Digest() string {
	if o.sum == ([sha256.Size]byte{}) {
		o.sum = sha256.Sum256(o.JSON)
	}
	whole := sha256.New()
	whole.Write(o.sum[:])
	whole.Write([]byte(o.File))
	whole.Write([]byte{0})
	whole.Write([]byte(strconv.Itoa(o.Line)))
	return base64.RawURLEncoding.EncodeToString(whole.Sum(nil)[:DigestLength*3/4])
}
