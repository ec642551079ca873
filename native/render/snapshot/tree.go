// Package snapshot is a commit's files as a read-only tree in memory, and a reader over it that records what it was asked.
// It never looks at a path of the disk other than the manifest file and the blob store.
package snapshot

import (
	"crypto/sha1"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path"
	"sort"
	"strings"

	"weir.dev/native/render/wire"
)

type kind uint8

const (
	kindDir kind = iota
	kindFile
	kindLink
)

// node is a directory, a file or a symlink. It is immutable once the tree is built.
type node struct {
	kind     kind
	exec     bool
	oid      string
	children map[string]*node
	names    []string
	digest   string
}

// Tree is the parsed manifest of one commit.
type Tree struct {
	root  *node
	count int
}

// isOID tells the id of a blob: 40 or 64 hexadecimal digits in lower case.
func isOID(text string) bool {
	if len(text) != 40 && len(text) != 64 {
		return false
	}
	for i := range len(text) {
		if c := text[i]; (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}

// Load reads and checks a manifest file.
func Load(manifestPath string) (*Tree, error) {
	data, err := os.ReadFile(manifestPath)
	if err != nil {
		return nil, wire.Fail(wire.ManifestInvalid, "snapshot manifest cannot be read: %v", err)
	}
	var manifest wire.Manifest
	if err := json.Unmarshal(data, &manifest); err != nil {
		return nil, wire.Fail(wire.ManifestInvalid, "snapshot manifest is not JSON: %v", err)
	}
	if manifest.Version != 1 {
		return nil, wire.Fail(wire.ManifestInvalid, "snapshot manifest has version %d, expected 1", manifest.Version)
	}
	return NewTree(manifest.Entries)
}

// NewTree builds a tree of [path, mode, blob id] entries. Submodules are left out, as if absent.
func NewTree(entries [][3]string) (*Tree, error) {
	tree := &Tree{root: &node{children: map[string]*node{}}, count: len(entries)}
	var at place
	for _, entry := range entries {
		if err := tree.add(entry[0], entry[1], entry[2], &at); err != nil {
			return nil, err
		}
	}
	seal(tree.root)
	return tree, nil
}

// add puts a file into the tree; last is the directory of the file before, which is nearly always that of this one too.
func (t *Tree) add(name, mode, oid string, last *place) error {
	leaf := &node{oid: oid}
	switch mode {
	case "100644", "100664":
		leaf.kind = kindFile
	case "100755":
		leaf.kind, leaf.exec = kindFile, true
	case "120000":
		leaf.kind = kindLink
	case "160000":
		return nil
	default:
		return wire.Fail(wire.ManifestInvalid, "snapshot manifest entry %q has the unknown mode %q", name, mode)
	}
	if !isOID(oid) {
		return wire.Fail(wire.ManifestInvalid, "snapshot manifest entry %q has the malformed blob id %q", name, oid)
	}
	if name == "" || path.Clean("/" + name)[1:] != name {
		return wire.Fail(wire.ManifestInvalid, "snapshot manifest entry %q is not a clean relative path", name)
	}
	parent, base := path.Split(name)
	if last.node == nil || last.path != parent {
		dir, err := t.dir(name, parent)
		if err != nil {
			return err
		}
		*last = place{path: parent, node: dir}
	}
	children := last.node.children
	if _, ok := children[base]; ok {
		return wire.Fail(wire.ManifestInvalid, "snapshot manifest entry %q is there twice", name)
	}
	children[base] = leaf
	return nil
}

// dir finds or makes the directory, whose path ends with a slash.
func (t *Tree) dir(name, parent string) (*node, error) {
	dir := t.root
	for _, part := range strings.Split(strings.TrimSuffix(parent, "/"), "/") {
		if part == "" {
			continue
		}
		next, ok := dir.children[part]
		if !ok {
			next = &node{children: map[string]*node{}}
			dir.children[part] = next
		}
		if next.kind != kindDir {
			return nil, wire.Fail(wire.ManifestInvalid, "snapshot manifest entry %q lies below a file", name)
		}
		dir = next
	}
	return dir, nil
}

func seal(n *node) {
	if n.kind != kindDir {
		return
	}
	n.names = make([]string, 0, len(n.children))
	for name, child := range n.children {
		n.names = append(n.names, name)
		seal(child)
	}
	sort.Strings(n.names)
}

// listingDigest is the sha1 of the children in git's order (a directory sorts as its name with a slash).
func (n *node) listingDigest() string {
	if n.digest != "" {
		return n.digest
	}
	lines := make([]string, 0, len(n.names))
	for _, name := range n.names {
		if n.children[name].kind == kindDir {
			name += "/"
		}
		lines = append(lines, name)
	}
	sort.Strings(lines)
	hash := sha1.New()
	for _, line := range lines {
		fmt.Fprintf(hash, "%s\n", line)
	}
	n.digest = hex.EncodeToString(hash.Sum(nil))
	return n.digest
}
