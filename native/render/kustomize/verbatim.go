package kustomize

import (
	"strings"

	"sigs.k8s.io/kustomize/api/resource"

	"weir.dev/native/render/manifests"
	"weir.dev/native/render/wire"
)

// verbatim gives the objects of a generated kustomization that changes nothing: what kustomize would build out of the very
// resources that the scan has parsed. Kustomize compares each resource with all before it, which takes seconds for thousands.
// False where the build itself has to decide: about another kustomization, about duplicates, about objects that it treats in
// their own way.
func (j *job) verbatim() ([]manifests.Object, bool) {
	if len(j.scanned) == 0 || j.hasNested || !isNeutral(j.options) {
		return nil, false
	}
	var objects []manifests.Object
	seen := make(map[string]bool, len(j.scanned))
	for _, each := range j.scanned {
		if each.Special {
			return nil, false
		}
		for _, id := range each.Identities {
			if seen[id] {
				return nil, false
			}
			seen[id] = true
		}
		objects = append(objects, each.Objects...)
	}
	return objects, len(seen) > 0
}

// takeOver turns what the scan has parsed into what a build would give where it changes nothing. What cannot be taken over is
// special: kustomize's build finds the words for it.
func takeOver(resources []*resource.Resource) (parsed manifests.Parsed) {
	defer func() {
		if recover() != nil {
			parsed = manifests.Parsed{Special: true}
		}
	}()
	for _, each := range resources {
		if isSpecial(each) {
			return manifests.Parsed{Special: true}
		}
		text, err := each.MarshalJSON()
		if err != nil {
			return manifests.Parsed{Special: true}
		}
		objects, err := manifests.FromBuilt(text)
		if err == nil {
			objects, err = manifests.Expand(objects)
		}
		if err != nil {
			return manifests.Parsed{Special: true}
		}
		parsed.Objects = append(parsed.Objects, objects...)
		parsed.Identities = append(parsed.Identities, each.CurId().String())
	}
	return parsed
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
