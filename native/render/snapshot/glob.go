package snapshot

import (
	"errors"
	"path"
	"sort"
	"strings"
	"syscall"
)

// Glob lists the existing paths that match, in byte order. A segment `**` stands for any number of directories. Only the
// directories that a pattern has to look into are listed, and each is recorded.
func (r *Reader) Glob(pattern string) ([]string, error) {
	if _, err := path.Match(pattern, ""); err != nil {
		return nil, err
	}
	found := map[string]bool{}
	if err := r.glob("", strings.Split(pattern, "/"), found); err != nil {
		return nil, err
	}
	names := make([]string, 0, len(found))
	for name := range found {
		names = append(names, name)
	}
	sort.Strings(names)
	return names, nil
}

func (r *Reader) glob(dir string, segments []string, found map[string]bool) error {
	if len(segments) == 0 {
		found[dir] = true
		return nil
	}
	segment, rest := segments[0], segments[1:]
	if segment == "**" {
		return r.globDeep(dir, segments, found)
	}
	if !HasGlob(segment) {
		name := path.Join(dir, segment)
		if _, err := r.Stat(name); err != nil {
			if NotExist(err) || errors.Is(err, syscall.ENOTDIR) {
				return nil
			}
			return err
		}
		return r.glob(name, rest, found)
	}
	return r.eachEntry(dir, func(entry Entry) error {
		matched, _ := path.Match(segment, entry.Name)
		if !matched {
			return nil
		}
		return r.glob(path.Join(dir, entry.Name), rest, found)
	})
}

func (r *Reader) globDeep(dir string, segments []string, found map[string]bool) error {
	if err := r.glob(dir, segments[1:], found); err != nil {
		return err
	}
	return r.eachEntry(dir, func(entry Entry) error {
		if !entry.IsDir {
			return nil
		}
		return r.globDeep(path.Join(dir, entry.Name), segments, found)
	})
}

func (r *Reader) eachEntry(dir string, visit func(Entry) error) error {
	info, err := r.Stat(dir)
	if err != nil || !info.IsDir {
		return nil // what is not there matches nothing; the miss is recorded
	}
	entries, err := r.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		if err := visit(entry); err != nil {
			return err
		}
	}
	return nil
}

// HasGlob says whether a path segment or path is a pattern.
func HasGlob(p string) bool { return strings.ContainsAny(p, "*?[") }
