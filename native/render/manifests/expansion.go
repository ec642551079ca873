package manifests

import (
	"bytes"

	yamlv3 "go.yaml.in/yaml/v3"

	"weir.dev/native/render/wire"
)

// maxExpandedBytes bounds what a document's aliases may grow to.
const maxExpandedBytes = 32 << 20

// checkExpansion refuses a document whose aliases multiply it beyond the bound. The YAML library limits how many nodes it
// decodes, but not their bytes, and an aliased text is written out once per alias when it becomes JSON.
func checkExpansion(file string, doc document) error {
	if !bytes.ContainsRune(doc.text, '&') || !bytes.ContainsRune(doc.text, '*') {
		return nil
	}
	var root yamlv3.Node
	if err := yamlv3.Unmarshal(doc.text, &root); err != nil {
		return nil // the real parser says what is wrong
	}
	sizes := map[*yamlv3.Node]int64{}
	if size := expandedSize(&root, sizes); size > maxExpandedBytes {
		return wire.Fail(wire.YAMLTooLarge, "aliases expand the document in %s to more than %d bytes", file, maxExpandedBytes).At(file, doc.line)
	}
	return nil
}

func expandedSize(n *yamlv3.Node, sizes map[*yamlv3.Node]int64) int64 {
	if size, ok := sizes[n]; ok {
		return size
	}
	// A node that contains itself is as large as it gets; this stops the walk too.
	sizes[n] = maxExpandedBytes + 1
	size := int64(len(n.Value)) + 1
	if n.Kind == yamlv3.AliasNode {
		size = expandedSize(n.Alias, sizes)
	}
	for _, child := range n.Content {
		if size += expandedSize(child, sizes); size > maxExpandedBytes {
			break
		}
	}
	sizes[n] = size
	return size
}
