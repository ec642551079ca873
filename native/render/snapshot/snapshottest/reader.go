// Package snapshottest makes readers over trees written down in tests.
package snapshottest

import (
	"crypto/sha1"
	"encoding/hex"
	"fmt"
	"sort"
	"strings"
	"testing"

	"weir.dev/native/render/snapshot"
	"weir.dev/native/render/wire"
)

// Tree maps paths to contents; a content that starts with Link is a symlink to the rest.
type Tree map[string]string

// Link marks a symlink.
const Link = "-> "

// Submodule is the content of a submodule.
const Submodule = "(submodule)"

// OID is git's id of a blob.
func OID(content string) string {
	sum := sha1.Sum([]byte(fmt.Sprintf("blob %d\x00%s", len(content), content)))
	return hex.EncodeToString(sum[:])
}

// Reader makes a fresh reader with an empty read set.
func Reader(t *testing.T, tree Tree) *snapshot.Reader {
	t.Helper()
	contents := map[string]string{}
	var entries [][3]string
	for name, content := range tree {
		mode := "100644"
		if target, ok := strings.CutPrefix(content, Link); ok {
			mode, content = "120000", target
		}
		if content == Submodule {
			mode = "160000"
		}
		contents[OID(content)] = content
		entries = append(entries, [3]string{name, mode, OID(content)})
	}
	parsed, err := snapshot.NewTree(entries)
	if err != nil {
		t.Fatal(err)
	}
	return snapshot.NewReader(parsed, func(oid string) ([]byte, error) {
		content, ok := contents[oid]
		if !ok {
			return nil, wire.Fail(wire.BlobMissing, "blob %s is not in the blob store", oid)
		}
		return []byte(content), nil
	})
}

// Reads prints a read set, one line each: the files, the directories with a slash, the misses with a question mark.
func Reads(reads *wire.Reads) string {
	var lines []string
	for name := range reads.Files {
		lines = append(lines, name)
	}
	for name := range reads.Dirs {
		lines = append(lines, name+"/")
	}
	for _, name := range reads.Misses {
		lines = append(lines, name+"?")
	}
	sort.Strings(lines)
	return strings.Join(lines, " ")
}
