package helm

import (
	"slices"
	"strings"

	"helm.sh/helm/v4/pkg/chart/common"
	"helm.sh/helm/v4/pkg/chart/common/util"
	chartutil "helm.sh/helm/v4/pkg/chart/v2/util"
	"helm.sh/helm/v4/pkg/engine"
	release "helm.sh/helm/v4/pkg/release/v1"
	releaseutil "helm.sh/helm/v4/pkg/release/v1/util"

	"weir.dev/native/render/manifests"
	"weir.dev/native/render/snapshot"
	"weir.dev/native/render/wire"
)

// Version is the helm that templates see in .Capabilities.HelmVersion.
const Version = "v4.2.4"

const notesSuffix = "NOTES.txt"

// Result is a rendering; Unreproducible tells that a random or time function ran.
type Result struct {
	Objects        []manifests.Object
	Unreproducible bool
}

// Render renders the chart in dir.
func Render(files *snapshot.Reader, dir string, options wire.HelmOptions) (Result, error) {
	if err := chartutil.ValidateReleaseName(options.ReleaseName); err != nil {
		return Result{}, wire.Fail(wire.ParamsInvalid, "release name %q: %v", options.ReleaseName, err)
	}
	overrides, err := values{files: files, root: dir}.merge(options)
	if err != nil {
		return Result{}, err
	}
	source, err := load(files, dir)
	if err != nil {
		return Result{}, err
	}
	var random bool
	objects, err := source.render(options, overrides, &random)
	return Result{Objects: objects, Unreproducible: random}, err
}

func (s *source) render(options wire.HelmOptions, overrides map[string]any, random *bool) ([]manifests.Object, error) {
	if kind := s.chart.Metadata.Type; kind != "" && kind != "application" {
		return nil, wire.Fail(wire.ChartInvalid, "%s charts are not installable", kind)
	}
	if err := s.checkDependencies(); err != nil {
		return nil, err
	}
	if err := chartutil.ProcessDependencies(s.chart, overrides); err != nil {
		return nil, wire.Fail(wire.ChartInvalid, "chart dependencies processing failed: %v", err)
	}
	top, err := s.renderValues(options, overrides)
	if err != nil {
		return nil, err
	}
	renderer := engine.Engine{CustomTemplateFuncs: watchRandom(random)}
	texts, err := renderer.Render(s.chart, top)
	if err != nil {
		return nil, s.templateFailure(err)
	}
	for name := range texts {
		if strings.HasSuffix(name, notesSuffix) {
			delete(texts, name)
		}
	}
	hooks, sorted, err := releaseutil.SortManifests(texts, nil, releaseutil.InstallOrder)
	if err != nil {
		return nil, s.outputFailure(err)
	}
	return s.collect(options, hooks, sorted)
}

func (s *source) renderValues(options wire.HelmOptions, overrides map[string]any) (common.Values, error) {
	caps, err := capabilities(options)
	if err != nil {
		return nil, err
	}
	if wanted := s.chart.Metadata.KubeVersion; wanted != "" && !chartutil.IsCompatibleRange(wanted, caps.KubeVersion.String()) {
		return nil, wire.Fail(wire.ChartInvalid, "chart requires kubeVersion: %s which is incompatible with Kubernetes %s", wanted, caps.KubeVersion.Version)
	}
	named := common.ReleaseOptions{Name: options.ReleaseName, Namespace: options.Namespace, Revision: 1, IsInstall: !options.IsUpgrade, IsUpgrade: options.IsUpgrade}
	top, err := util.ToRenderValuesWithSchemaValidation(s.chart, overrides, named, caps, true)
	if err != nil {
		return nil, wire.Fail(wire.ValuesInvalid, "%s", err.Error())
	}
	if options.SkipSchemaValidation {
		return top, nil
	}
	merged, err := top.Table("Values")
	if err != nil {
		return top, nil // no values, nothing to validate
	}
	return top, validate(s.chart, merged)
}

func capabilities(options wire.HelmOptions) (*common.Capabilities, error) {
	caps := common.DefaultCapabilities.Copy()
	caps.HelmVersion.Version = Version
	caps.APIVersions = slices.Concat(caps.APIVersions, options.APIVersions)
	if options.KubeVersion == "" {
		return caps, nil
	}
	version, err := common.ParseKubeVersion(options.KubeVersion)
	if err != nil {
		return nil, wire.Fail(wire.ParamsInvalid, "invalid kube version '%s': %v", options.KubeVersion, err)
	}
	caps.KubeVersion = *version
	return caps, nil
}

// collect gives CRDs, then manifests in install order, then hooks, as the command prints them.
func (s *source) collect(options wire.HelmOptions, hooks []*release.Hook, sorted []releaseutil.Manifest) ([]manifests.Object, error) {
	var out []manifests.Object
	add := func(name, text string) error {
		objects, err := manifests.Parse(s.shownName(name), []byte(text))
		if err == nil {
			objects, err = manifests.Expand(objects)
		}
		if err != nil {
			return s.withoutLine(err, name)
		}
		for i := range objects {
			objects[i].File, objects[i].Line = s.repositoryFile(name), 0
		}
		out = append(out, objects...)
		return nil
	}
	if !options.SkipCrds {
		for _, crd := range s.chart.CRDObjects() {
			if err := add(crd.Filename, string(crd.File.Data)); err != nil {
				return nil, err
			}
		}
	}
	for _, manifest := range sorted {
		if err := add(manifest.Name, manifest.Content); err != nil {
			return nil, err
		}
	}
	for _, hook := range hooks {
		if options.SkipTests && slices.Contains(hook.Events, release.HookTest) {
			continue
		}
		if err := add(hook.Path, hook.Manifest); err != nil {
			return nil, err
		}
	}
	return out, nil
}
