package kustomize

import (
	"bytes"
	"strings"

	"sigs.k8s.io/kustomize/api/resource"

	"weir.dev/native/render/manifests"
	"weir.dev/native/render/wire"
)

// verbatim gives the objects of a generated kustomization that changes nothing: what kustomize would build out of the very
// resources that the scan has parsed. Kustomize compares each resource with all before it, which takes seconds for thousands.
// False where the build itself has to decide: about another kustomization, about duplicates, about objects that it treats in
// their own way.
func (j *job) verbatim() (objects []manifests.Object, isDone bool, err error) {
	// What kustomize panics on, its build puts into words.
	defer func() {
		if recover() != nil {
			objects, isDone, err = nil, false, nil
		}
	}()
	if len(j.scanned) == 0 || j.hasNested || !isNeutral(j.options) {
		return nil, false, nil
	}
	seen := make(map[string]bool, len(j.scanned))
	var text bytes.Buffer
	for _, each := range j.scanned {
		id := each.CurId().String()
		if seen[id] || isSpecial(each) {
			return nil, false, nil
		}
		seen[id] = true
		yaml, err := each.AsYAML()
		if err != nil {
			return nil, false, err
		}
		text.WriteString("---\n")
		text.Write(yaml)
	}
	objects, err = manifests.Parse("", text.Bytes())
	if err != nil {
		return nil, false, err
	}
	objects, err = withoutPlaces(manifests.Expand(objects))
	return objects, true, err
}

// isSpecial tells an object that kustomize drops, merges, renames or strips of its annotations.
func isSpecial(r *resource.Resource) bool {
	for key := range r.GetAnnotations() {
		if strings.Contains(key, "config.kubernetes.io") || strings.Contains(key, "config.k8s.io") {
			return true
		}
	}
	return false
}

// isNeutral says that the options lay nothing over what is there.
func isNeutral(o wire.KustomizeOptions) bool {
	isUnnamed := o.TargetNamespace == nil && o.NamePrefix == nil && o.NameSuffix == nil && o.Namespace == ""
	patches := len(o.Patches) + len(o.PatchesStrategicMerge) + len(o.PatchesJSON6902)
	others := len(o.Images) + len(o.Replicas) + len(o.CommonLabels) + len(o.CommonAnnotations) + len(o.Components)
	return isUnnamed && patches+others+len(o.BuildMetadata) == 0
}
