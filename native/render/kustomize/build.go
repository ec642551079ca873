package kustomize

import (
	"errors"
	"fmt"
	"path"
	"strings"

	"sigs.k8s.io/kustomize/api/konfig"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/api/resmap"
	"sigs.k8s.io/kustomize/api/types"
	"sigs.k8s.io/kustomize/kyaml/openapi"
	"sigs.k8s.io/yaml"

	"weir.dev/native/render/manifests"
	"weir.dev/native/render/snapshot"
	"weir.dev/native/render/wire"
)

// The two ways to prepare the root kustomization.
const (
	ModePlain = "kustomize"
	ModeFlux  = "flux"
)

// Render builds the kustomization in dir.
func Render(files *snapshot.Reader, store *manifests.Store, dir string, options wire.KustomizeOptions) ([]manifests.Object, error) {
	info, err := files.Stat(dir)
	if err != nil {
		return nil, err
	}
	job := &job{files: newTreeFS(files), store: store, dir: info.Path, options: options}
	objects, err := job.run()
	if err != nil {
		return nil, job.explain(err)
	}
	return objects, nil
}

// job is one build; dir is the resolved directory of the root kustomization.
type job struct {
	files   *treeFS
	store   *manifests.Store
	dir     string
	options wire.KustomizeOptions
	// What the scan of a directory without a kustomization found, file by file.
	scanned   []manifests.Parsed
	hasNested bool
}

func (j *job) run() ([]manifests.Object, error) {
	var root []byte
	var err error
	switch j.options.Mode {
	case ModePlain, "":
		root, err = j.applyEdits()
	case ModeFlux:
		root, err = j.generate()
	default:
		err = wire.Fail(wire.ParamsInvalid, "kustomize mode %q is unknown, expected kustomize or flux", j.options.Mode)
	}
	if err != nil {
		return nil, err
	}
	if objects, isDone := j.verbatim(); isDone {
		return objects, nil
	}
	resources, err := j.build(root)
	if err != nil {
		return nil, err
	}
	text, err := resources.AsYaml()
	if err != nil {
		return nil, err
	}
	objects, err := manifests.Parse("", text)
	if err != nil {
		return nil, err
	}
	return withoutPlaces(manifests.Expand(objects))
}

// withoutPlaces drops the lines of the built text, which is no file of the repository.
func withoutPlaces(objects []manifests.Object, err error) ([]manifests.Object, error) {
	for i := range objects {
		objects[i].File, objects[i].Line = "", 0
	}
	return objects, err
}

func (j *job) build(root []byte) (resources resmap.ResMap, err error) {
	// Malformed objects make kustomize panic in many places; Flux words it the same way.
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("recovered from kustomize build panic: %v", r)
		}
	}()
	defer j.isolateOpenAPI(root)()
	options := &krusty.Options{
		LoadRestrictions: types.LoadRestrictionsNone,
		PluginConfig:     types.DisabledPluginConfig(),
	}
	if j.options.Mode != ModeFlux {
		options.Reorder = krusty.ReorderOptionUnspecified // as the kustomize command without --reorder
	}
	if j.options.LoadRestrictor == "rootOnly" {
		options.LoadRestrictions = types.LoadRestrictionsRootOnly
	}
	return krusty.MakeKustomizer(options).Run(j.files, absolute(j.dir))
}

// isolateOpenAPI keeps one build's schema from reaching the next. The schema is a global of kustomize's and takes tens of
// milliseconds to parse, so that it is only thrown away around builds that bring their own. Only the root kustomization can.
// With Flux a custom schema adds to the built-in one, with the kustomize command it replaces it.
func (j *job) isolateOpenAPI(root []byte) func() {
	var k bases
	if yaml.Unmarshal(root, &k) != nil || len(k.OpenAPI) == 0 {
		return func() {}
	}
	openapi.ResetOpenAPI()
	if j.options.Mode == ModeFlux {
		_ = openapi.Schema()
	}
	return openapi.ResetOpenAPI
}

// rootFile finds the one kustomization file of the root. Kustomize itself complains where there are several or none.
func (j *job) rootFile() (name string, data []byte, err error) {
	for _, known := range konfig.RecognizedKustomizationFileNames() {
		candidate := absolute(path.Join(j.dir, known))
		if !j.files.Exists(candidate) || j.files.IsDir(candidate) {
			continue
		}
		if name == "" {
			name = candidate
		}
	}
	if name == "" {
		return "", nil, nil
	}
	data, err = j.files.ReadFile(name)
	return name, data, err
}

// explain gives the failure that caused an error of kustomize, which often keeps only the text of what went wrong below it.
func (j *job) explain(err error) error {
	if j.files.refused != nil {
		return j.files.refused
	}
	if fault := j.files.files.Fault(); fault != nil {
		return fault
	}
	var failure *wire.Failure
	if errors.As(err, &failure) {
		return failure
	}
	if errors.Is(err, errNoNetwork) {
		return wire.Fail(wire.RemoteBaseRefused, "%s", redactURL(shown(err.Error())))
	}
	return wire.Fail(wire.KustomizeFailed, "%s", redactURL(shown(err.Error())))
}

// shown takes the mount out of a text: paths appear from the root of the repository.
func shown(text string) string {
	return strings.ReplaceAll(strings.ReplaceAll(text, mount+"/", "/"), "'"+mount+"'", "'/'")
}
