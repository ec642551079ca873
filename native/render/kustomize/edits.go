package kustomize

import (
	"path"
	"slices"
	"sort"

	"sigs.k8s.io/kustomize/api/pkg/util"
	"sigs.k8s.io/kustomize/api/types"
	"sigs.k8s.io/kustomize/kyaml/resid"
	"sigs.k8s.io/yaml"

	"weir.dev/native/render/wire"
)

// keep in an image edit preserves what the kustomization has.
const keep = "*"

// applyEdits does to the root kustomization, in memory, what Argo CD does with `kustomize edit` before it builds, in the same
// order. Without edits the file is built as it is. It returns the text that will be built.
func (j *job) applyEdits() ([]byte, error) {
	name, data, err := j.rootFile()
	if err != nil || name == "" || !j.hasEdits() {
		return data, err
	}
	var k types.Kustomization
	if err := k.Unmarshal(data); err != nil {
		return nil, err
	}
	k.FixKustomization()
	for _, edit := range []func(*types.Kustomization) error{
		j.editNames, j.editImages, j.editReplicas, j.editLabels, j.editAnnotations, j.editNamespace, j.editPatches, j.editComponents,
	} {
		if err := edit(&k); err != nil {
			return nil, err
		}
	}
	edited, err := yaml.Marshal(k)
	if err != nil {
		return nil, err
	}
	j.files.overlay[name] = edited
	return edited, nil
}

func (j *job) hasEdits() bool {
	o := j.options
	return text(o.NamePrefix) != "" || text(o.NameSuffix) != "" || o.Namespace != "" || len(o.Images)+len(o.Replicas)+
		len(o.CommonLabels)+len(o.CommonAnnotations)+len(o.Patches)+len(o.Components) > 0
}

func text(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

func (j *job) editNames(k *types.Kustomization) error {
	if prefix := text(j.options.NamePrefix); prefix != "" {
		k.NamePrefix = prefix
	}
	if suffix := text(j.options.NameSuffix); suffix != "" {
		k.NameSuffix = suffix
	}
	return nil
}

func (j *job) editNamespace(k *types.Kustomization) error {
	if j.options.Namespace != "" {
		k.Namespace = j.options.Namespace
	}
	return nil
}

// editImages merges by name; the result is sorted by name, as the command writes it.
func (j *job) editImages(k *types.Kustomization) error {
	if len(j.options.Images) == 0 {
		return nil
	}
	byName := map[string]types.Image{}
	for _, edit := range j.options.Images {
		image, err := parseImage(edit)
		if err != nil {
			return err
		}
		byName[image.Name] = image
	}
	for _, old := range k.Images {
		edit, ok := byName[old.Name]
		if !ok {
			byName[old.Name] = old
			continue
		}
		byName[old.Name] = types.Image{Name: old.Name, TagSuffix: edit.TagSuffix, NewName: orKept(edit.NewName, old.NewName),
			NewTag: orKept(edit.NewTag, old.NewTag), Digest: orKept(edit.Digest, old.Digest)}
	}
	k.Images = k.Images[:0]
	for _, image := range byName {
		image.NewName, image.NewTag, image.Digest = orKept(image.NewName, ""), orKept(image.NewTag, ""), orKept(image.Digest, "")
		k.Images = append(k.Images, image)
	}
	sort.Slice(k.Images, func(a, b int) bool { return k.Images[a].Name < k.Images[b].Name })
	return nil
}

func orKept(edit, old string) string {
	if edit == keep {
		return old
	}
	return edit
}

// parseImage reads `name=newName:tag@digest`, each part but one optional.
func parseImage(edit wire.ImageEdit) (types.Image, error) {
	if edit.Text == "" {
		return types.Image{Name: edit.Name, NewName: edit.NewName, NewTag: edit.NewTag, Digest: edit.Digest}, nil
	}
	old, value, renamed := cut(edit.Text)
	name, tag, digest := util.SplitImageName(value)
	if name == edit.Text {
		return types.Image{}, wire.Fail(wire.ParamsInvalid, "image %q is malformed, expected <name>=<new name>, <name>:<tag> or <name>@<digest>", edit.Text)
	}
	if !renamed {
		return types.Image{Name: name, NewTag: tag, Digest: digest}, nil
	}
	return types.Image{Name: old, NewName: name, NewTag: tag, Digest: digest}, nil
}

func cut(image string) (string, string, bool) {
	for i := range image {
		if image[i] == '=' {
			return image[:i], image[i+1:], true
		}
	}
	return "", image, false
}

func (j *job) editReplicas(k *types.Kustomization) error {
	if len(j.options.Replicas) == 0 {
		return nil
	}
	byName := map[string]types.Replica{}
	for _, old := range k.Replicas {
		byName[old.Name] = old
	}
	for _, edit := range j.options.Replicas {
		byName[edit.Name] = types.Replica{Name: edit.Name, Count: edit.Count}
	}
	k.Replicas = k.Replicas[:0]
	for _, replica := range byName {
		k.Replicas = append(k.Replicas, replica)
	}
	sort.Slice(k.Replicas, func(a, b int) bool { return k.Replicas[a].Name < k.Replicas[b].Name })
	return nil
}

func (j *job) editLabels(k *types.Kustomization) error {
	o := j.options
	if len(o.CommonLabels) == 0 {
		return nil
	}
	if o.LabelIncludeTemplates && !o.LabelWithoutSelector {
		return wire.Fail(wire.ParamsInvalid, "labelIncludeTemplates needs labelWithoutSelector")
	}
	if !o.LabelWithoutSelector {
		return addPairs("label", &k.CommonLabels, o.CommonLabels, o.ForceCommonLabels)
	}
	for i := range k.Labels {
		if !k.Labels[i].IncludeSelectors && k.Labels[i].IncludeTemplates == o.LabelIncludeTemplates && len(k.Labels[i].FieldSpecs) == 0 {
			return addPairs("label", &k.Labels[i].Pairs, o.CommonLabels, o.ForceCommonLabels)
		}
	}
	k.Labels = append(k.Labels, types.Label{Pairs: o.CommonLabels, IncludeTemplates: o.LabelIncludeTemplates})
	return nil
}

func (j *job) editAnnotations(k *types.Kustomization) error {
	return addPairs("annotation", &k.CommonAnnotations, j.options.CommonAnnotations, j.options.ForceCommonAnnotations)
}

func addPairs(what string, to *map[string]string, pairs map[string]string, force bool) error {
	keys := make([]string, 0, len(pairs))
	for key := range pairs {
		keys = append(keys, key)
	}
	sort.Strings(keys)
	for _, key := range keys {
		if _, ok := (*to)[key]; ok && !force {
			return wire.Fail(wire.KustomizeFailed, "%s %s already in kustomization file. Use --force to override.", what, key)
		}
		if *to == nil {
			*to = map[string]string{}
		}
		(*to)[key] = pairs[key]
	}
	return nil
}

func (j *job) editPatches(k *types.Kustomization) error {
	for _, edit := range j.options.Patches {
		patch := types.Patch{Path: edit.Path, Patch: edit.Patch, Target: selector(edit.Target)}
		if len(edit.Options) > 0 {
			patch.Options = &types.PatchArgs{AllowNameChange: edit.Options["allowNameChange"], AllowKindChange: edit.Options["allowKindChange"]}
		}
		k.Patches = append(k.Patches, patch)
	}
	return nil
}

func selector(t *wire.PatchTarget) *types.Selector {
	if t == nil {
		return nil
	}
	return &types.Selector{
		ResId: resid.ResId{
			Gvk:       resid.Gvk{Group: t.Group, Version: t.Version, Kind: t.Kind},
			Name:      t.Name,
			Namespace: t.Namespace,
		},
		LabelSelector:      t.LabelSelector,
		AnnotationSelector: t.AnnotationSelector,
	}
}

// editComponents resolves globs as the command does: what matches nothing is left out with a warning there, an error here
// only where the component was spelt out and is not ignored when missing.
func (j *job) editComponents(k *types.Kustomization) error {
	for _, pattern := range j.options.Components {
		if isRemote(pattern) {
			return wire.Fail(wire.RemoteBaseRefused, "remote base %q is not fetched; put it into the repository", redactURL(pattern))
		}
		found, err := j.files.Glob(path.Join(absolute(j.dir), pattern))
		if err != nil {
			return err
		}
		if len(found) == 0 && !j.options.IgnoreMissingComponents {
			return wire.Fail(wire.KustomizeFailed, "component %q does not exist", pattern)
		}
		for _, name := range found {
			component := relativeTo(j.dir, name)
			if !slices.Contains(k.Components, component) {
				k.Components = append(k.Components, component)
			}
		}
	}
	return nil
}
