package kustomize

import (
	"encoding/json"
	"fmt"
	"path"
	"path/filepath"
	"strings"

	"sigs.k8s.io/kustomize/api/konfig"
	"sigs.k8s.io/kustomize/api/provider"
	"sigs.k8s.io/kustomize/api/resource"
	"sigs.k8s.io/kustomize/api/types"
	"sigs.k8s.io/yaml"

	"weir.dev/native/render/manifests"
	"weir.dev/native/render/wire"
)

// FluxKustomize is the release of fluxcd/pkg/kustomize whose generator this file reproduces over a snapshot. Upstream's own
// works on a disk only; a test compares the two.
const FluxKustomize = "v1.39.0"

// placeholder makes a kustomization of nothing valid.
const placeholder = "_placeholder"

func relativeTo(dir, name string) string {
	rel, err := filepath.Rel(absolute(dir), name)
	if err != nil {
		return name
	}
	return rel
}

// generate puts the kustomization that Flux would write over the root in memory, and returns it.
func (j *job) generate() ([]byte, error) {
	name, data, err := j.rootFile()
	if err != nil {
		return nil, err
	}
	k := types.Kustomization{TypeMeta: types.TypeMeta{APIVersion: types.KustomizationVersion, Kind: types.KustomizationKind}}
	if name == "" {
		name = absolute(path.Join(j.dir, konfig.DefaultKustomizationFileName()))
		err = j.scan(&k)
	} else {
		err = yaml.Unmarshal(data, &k)
		if err == nil && len(k.Resources) == 0 {
			// Keeps kustomize from calling the file empty; the annotations do reach the objects, as they do in Flux.
			k.BuildMetadata = []string{types.OriginAnnotations}
		}
	}
	if err != nil {
		return nil, err
	}
	if err := j.overlay(&k); err != nil {
		return nil, err
	}
	generated, err := yaml.Marshal(k)
	if err != nil {
		return nil, err
	}
	j.files.overlay[name] = generated
	return generated, nil
}

// scan lists every manifest below the root as a resource. A directory with a kustomization of its own is one resource.
func (j *job) scan(k *types.Kustomization) error {
	s := scanner{job: j, factory: provider.NewDefaultDepProvider().GetResourceFactory()}
	if err := s.dir(j.dir); err != nil {
		return err
	}
	k.Resources = s.found
	if len(s.found) == 0 {
		k.Namespace = placeholder
	}
	return nil
}

type scanner struct {
	job     *job
	factory *resource.Factory
	found   []string
}

func (s *scanner) dir(dir string) error {
	entries, err := s.job.files.files.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		name := path.Join(dir, entry.Name)
		switch {
		case entry.IsDir && s.isKustomization(name):
			s.job.hasNested = true
			s.add(name)
		case entry.IsDir:
			err = s.dir(name)
		case path.Ext(name) == ".yaml" || path.Ext(name) == ".yml":
			err = s.file(name)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (s *scanner) add(name string) {
	s.found = append(s.found, "./"+strings.TrimPrefix(strings.TrimPrefix(name, s.job.dir), "/"))
}

func (s *scanner) isKustomization(dir string) bool {
	for _, known := range konfig.RecognizedKustomizationFileNames() {
		candidate := absolute(path.Join(dir, known))
		if s.job.files.Exists(candidate) && !s.job.files.IsDir(candidate) {
			return true
		}
	}
	return false
}

func (s *scanner) file(name string) error {
	blob, err := s.job.files.files.Open(name)
	if err != nil {
		return err
	}
	parser := scanParser
	if isNeutral(s.job.options) {
		parser = verbatimParser
	}
	parsed, ok := s.job.store.Get(parser, blob.ID)
	if !ok {
		data, err := blob.Read()
		if err != nil {
			return err
		}
		resources, err := s.decode(name, data)
		if err != nil {
			return wire.Fail(wire.KustomizeFailed, "%s", err.Error()).At(name, manifests.SyntaxLine(data))
		}
		if parsed = (manifests.Parsed{}); parser == verbatimParser {
			parsed = takeOver(resources)
		}
		parsed = s.job.store.Put(parser, blob.ID, parsed)
	}
	s.job.scanned = append(s.job.scanned, parsed)
	s.add(name)
	return nil
}

// What the store knows a file's scan by: whether it was only checked, or taken over too.
const (
	scanParser     = "kustomize scan:"
	verbatimParser = "kustomize verbatim:"
)

// decode must accept exactly what kustomize will; its parser panics on some malformed objects.
func (s *scanner) decode(name string, data []byte) (resources []*resource.Resource, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("recovered from panic while parsing YAML file %s: %v", path.Base(name), r)
		}
	}()
	resources, err = s.factory.SliceFromBytes(data)
	if err != nil {
		return nil, fmt.Errorf("failed to decode Kubernetes YAML from /%s: %w", name, err)
	}
	return resources, nil
}

// overlay lays the Flux resource's own fields over the kustomization.
func (j *job) overlay(k *types.Kustomization) error {
	o := j.options
	if o.TargetNamespace != nil {
		k.Namespace = *o.TargetNamespace
	}
	if o.NamePrefix != nil {
		k.NamePrefix = *o.NamePrefix
	}
	if o.NameSuffix != nil {
		k.NameSuffix = *o.NameSuffix
	}
	for _, patch := range o.Patches {
		k.Patches = append(k.Patches, types.Patch{Patch: patch.Patch, Target: selector(patch.Target)})
	}
	if err := j.overlayComponents(k); err != nil {
		return err
	}
	for _, patch := range o.PatchesStrategicMerge {
		k.PatchesStrategicMerge = append(k.PatchesStrategicMerge, types.PatchStrategicMerge(patch))
	}
	for _, patch := range o.PatchesJSON6902 {
		if !json.Valid(patch.Patch) {
			return wire.Fail(wire.ParamsInvalid, "a JSON patch of the kustomization is not JSON")
		}
		k.PatchesJson6902 = append(k.PatchesJson6902, types.Patch{Patch: string(patch.Patch), Target: selector(&patch.Target)})
	}
	for _, image := range o.Images {
		overlayImage(k, types.Image{Name: image.Name, NewName: image.NewName, NewTag: image.NewTag, Digest: image.Digest})
	}
	if len(o.BuildMetadata) > 0 {
		k.BuildMetadata = o.BuildMetadata
	}
	return nil
}

func (j *job) overlayComponents(k *types.Kustomization) error {
	for _, component := range j.options.Components {
		if isRemote(component) || path.IsAbs(component) {
			return wire.Fail(wire.KustomizeFailed, "component path '%s' must be local and relative", component)
		}
		if j.options.IgnoreMissingComponents && !j.files.Exists(path.Join(absolute(j.dir), component)) {
			continue
		}
		k.Components = append(k.Components, component)
	}
	return nil
}

// overlayImage merges into an entry of the same name. Tag and digest change together: a new tag beside an old digest would
// change nothing at pull time.
func overlayImage(k *types.Kustomization, image types.Image) {
	for i := range k.Images {
		old := &k.Images[i]
		if old.Name != image.Name {
			continue
		}
		if image.NewName != "" {
			old.NewName = image.NewName
		}
		if image.NewTag != "" || image.Digest != "" {
			old.NewTag, old.Digest = image.NewTag, image.Digest
		}
		return
	}
	k.Images = append(k.Images, image)
}
