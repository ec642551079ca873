package snapshot_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"weir.dev/native/render/snapshot"
	"weir.dev/native/render/snapshot/snapshottest"
	"weir.dev/native/render/wire"
)

var tree = snapshottest.Tree{
	"a.txt":        "A",
	"dir/b.txt":    "B",
	"dir/sub/c":    "C",
	"dir.txt":      "D",
	"to-file":      "-> dir/b.txt",
	"dir/to-dir":   "-> ../dir/sub",
	"out":          "-> ../outside",
	"absolute":     "-> /etc/passwd",
	"loop":         "-> loop",
	"dangling":     "-> nowhere/x",
	"module":       snapshottest.Submodule,
	"deep/out/x":   "-> ../../../x",
	"deep/back/up": "-> ../../a.txt",
}

// ask is "read|stat|lstat|list|glob path".
func ask(r *snapshot.Reader, question string) string {
	verb, p, _ := strings.Cut(question, " ")
	var answer any
	var err error
	switch verb {
	case "read":
		var data []byte
		data, err = r.ReadFile(p)
		answer = string(data)
	case "stat", "lstat":
		var info snapshot.Info
		if info, err = r.Stat(p); verb == "lstat" {
			info, err = r.Lstat(p)
		}
		answer = fmt.Sprintf("%s dir=%v link=%v", info.Path, info.IsDir, info.IsLink)
	case "list":
		var entries []snapshot.Entry
		entries, err = r.ReadDir(p)
		names := make([]string, 0, len(entries))
		for _, entry := range entries {
			names = append(names, entry.Name)
		}
		answer = strings.Join(names, ",")
	case "glob":
		var names []string
		names, err = r.Glob(p)
		answer = strings.Join(names, ",")
	}
	var failure *wire.Failure
	if errors.As(err, &failure) {
		return failure.Code
	}
	if err != nil {
		return err.Error()
	}
	return answer.(string)
}

func TestReader(t *testing.T) {
	cases := map[string]struct{ question, answer, reads string }{
		"a file":                        {"read dir/b.txt", "B", "dir/b.txt"},
		"a missing file":                {"read dir/x", "open dir/x: no such file or directory", "dir/x?"},
		"the first missing component":   {"read x/y/z", "open x/y/z: no such file or directory", "x?"},
		"a file as a directory":         {"read a.txt/x", "open a.txt/x: not a directory", "a.txt"},
		"a directory as a file":         {"read dir", "read dir: is a directory", "dir/"},
		"a symlink to a file":           {"read to-file", "B", "dir/b.txt to-file"},
		"through a symlinked directory": {"read dir/to-dir/c", "C", "dir/sub/c dir/to-dir"},
		"a miss behind a symlink":       {"read dir/to-dir/x", "open dir/to-dir/x: no such file or directory", "dir/sub/x? dir/to-dir"},
		"a dangling symlink":            {"read dangling", "open dangling: no such file or directory", "dangling nowhere?"},
		"a symlink to itself":           {"read loop", "open loop: too many levels of symbolic links", "loop"},
		"a symlink up and back":         {"read deep/back/up", "A", "a.txt deep/back/up"},
		"a symlink out":                 {"read out", wire.PathEscapes, "out"},
		"a deep symlink out":            {"read deep/out/x", wire.PathEscapes, "deep/out/x"},
		"an absolute symlink":           {"read absolute", wire.PathEscapes, "absolute"},
		"dots out of the tree":          {"read ../a.txt", wire.PathEscapes, ""},
		"dots inside the tree":          {"read dir/../a.txt", "A", "a.txt"},
		"a submodule":                   {"stat module", "stat module: no such file or directory", "module?"},
		"the listing of the root":       {"list ", "a.txt,absolute,dangling,deep,dir,dir.txt,loop,out,to-file", "/"},
		"the listing behind a symlink":  {"list dir/to-dir", "c", "dir/sub/ dir/to-dir"},
		"a directory exists":            {"stat dir/sub", "dir/sub dir=true link=false", "dir/sub/"},
		"a link itself":                 {"lstat dir/to-dir", "dir/to-dir dir=false link=true", "dir/sub/ dir/to-dir"},
		"a glob in one directory":       {"glob dir/*.txt", "dir/b.txt", "dir/"},
		"a glob of directories":         {"glob d*/b.txt", "dir/b.txt", "/ dangling deep/b.txt? dir.txt dir/b.txt nowhere?"},
		"a deep glob":                   {"glob dir/**/c", "dir/sub/c", "dir/ dir/c? dir/sub/ dir/sub/c"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			r := snapshottest.Reader(t, tree)
			if answer := ask(r, c.question); answer != c.answer {
				t.Errorf("answer %q, expected %q", answer, c.answer)
			}
			if reads := snapshottest.Reads(r.Reads()); !strings.HasPrefix(reads, c.reads) || (c.reads == "" && reads != "") {
				t.Errorf("reads %q, expected %q", reads, c.reads)
			}
		})
	}
}

func TestExistenceIsImpliedByWhatLiesBelow(t *testing.T) {
	r := snapshottest.Reader(t, tree)
	ask(r, "stat dir")
	ask(r, "read dir/b.txt")
	if reads := snapshottest.Reads(r.Reads()); reads != "dir/b.txt" {
		t.Errorf("reads %q", reads)
	}
}

func TestListingDigest(t *testing.T) {
	r := snapshottest.Reader(t, snapshottest.Tree{"a/x": "", "a-b": "", "ü": "", "module": snapshottest.Submodule})
	ask(r, "list ")
	// The same value stands in packages/upstream/src/listing-digest.test.ts.
	if digest := r.Reads().Dirs[""]; digest != "da5ebf6acc463d7c8a2a2f7ec3be1eb0640094d6" {
		t.Errorf("digest %s", digest)
	}
}

func TestFaultIsKept(t *testing.T) {
	r := snapshottest.Reader(t, tree)
	ask(r, "read out")
	ask(r, "read absolute")
	if r.Fault() == nil || r.Fault().File != "out" {
		t.Errorf("fault %+v, expected the first one", r.Fault())
	}
}

func TestNewTreeRefuses(t *testing.T) {
	oid := snapshottest.OID("x")
	cases := map[string][][3]string{
		"a path with dots":     {{"a/../b", "100644", oid}},
		"an absolute path":     {{"/a", "100644", oid}},
		"an unknown mode":      {{"a", "40000", oid}},
		"an id with a path":    {{"a", "100644", "../../../../../../../../../../etc/passwd"}},
		"a file twice":         {{"a", "100644", oid}, {"a", "100644", oid}},
		"a file below a file":  {{"a", "100644", oid}, {"a/b", "100644", oid}},
		"a file over a folder": {{"a/b", "100644", oid}, {"a", "100644", oid}},
	}
	for name, entries := range cases {
		t.Run(name, func(t *testing.T) {
			if _, err := snapshot.NewTree(entries); err == nil {
				t.Error("accepted")
			}
		})
	}
}
