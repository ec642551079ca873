package snapshot

import "weir.dev/native/render/wire"

// Bounds of what is kept between requests: a few trees, and not more entries in all than a large monorepo has.
const (
	maxTrees   = 4
	maxEntries = 1_000_000
)

// Cache keeps the last parsed manifests by snapshot id. A request is served at a time, so it needs no lock.
type Cache struct {
	ids   []string
	trees map[string]*Tree
}

// NewCache makes an empty cache.
func NewCache() *Cache { return &Cache{trees: map[string]*Tree{}} }

// Open gives a reader over the snapshot.
func (c *Cache) Open(ref wire.SnapshotRef) (*Reader, error) {
	if ref.ID == "" || ref.Manifest == "" || ref.Blobs == "" {
		return nil, wire.Fail(wire.ParamsInvalid, "snapshot needs an id, a manifest and a blob store")
	}
	tree, ok := c.trees[ref.ID]
	if !ok {
		var err error
		if tree, err = Load(ref.Manifest); err != nil {
			return nil, err
		}
	}
	c.keep(ref.ID, tree)
	return NewReader(tree, DiskBlobs(ref.Blobs)), nil
}

func (c *Cache) keep(id string, tree *Tree) {
	ids := make([]string, 0, maxTrees)
	for _, other := range c.ids {
		if other != id {
			ids = append(ids, other)
		}
	}
	c.ids, c.trees[id] = append(ids, id), tree
	for len(c.ids) > 1 && (len(c.ids) > maxTrees || c.entries() > maxEntries) {
		delete(c.trees, c.ids[0])
		c.ids = c.ids[1:]
	}
}

func (c *Cache) entries() int {
	total := 0
	for _, tree := range c.trees {
		total += tree.count
	}
	return total
}
