package render

import (
	"encoding/json"
	"runtime/debug"

	"weir.dev/native/render/directory"
	"weir.dev/native/render/helm"
	"weir.dev/native/render/kustomize"
	"weir.dev/native/render/manifests"
	"weir.dev/native/render/snapshot"
	"weir.dev/native/render/wire"
)

// defaultMaxOutput leaves room in a frame for the read set.
const defaultMaxOutput = 48 << 20

// Service answers requests one after the other.
type Service struct {
	snapshots *snapshot.Cache
	store     *manifests.Store
	log       func(string)
}

// NewService makes a service that writes what operators may want to know to log.
func NewService(log func(string)) *Service {
	return &Service{snapshots: snapshot.NewCache(), store: manifests.NewStore(), log: log}
}

// Handle answers one request, whatever happens in the evaluators.
func (s *Service) Handle(request wire.Request) (response wire.Response) {
	response.ID = request.ID
	switch request.Method {
	case "render":
		var params wire.RenderParams
		if err := json.Unmarshal(request.Params, &params); err != nil {
			response.Error = wire.Fail(wire.ParamsInvalid, "params of render are malformed: %v", err)
			return response
		}
		s.render(params, &response)
	default:
		response.Error = wire.Fail(wire.MethodUnknown, "method %q is unknown, expected render or ping", request.Method)
	}
	return response
}

func (s *Service) render(params wire.RenderParams, response *wire.Response) {
	files, err := s.snapshots.Open(params.Snapshot)
	if err != nil {
		response.Error = wire.AsFailure(err, wire.ManifestInvalid)
		return
	}
	result, err := s.guarded(files, params)
	if err != nil {
		failure := wire.AsFailure(err, fallbackCode(result.Type))
		if fault := files.Fault(); fault != nil && failure.Code != wire.RemoteBaseRefused {
			failure = fault
		}
		response.Error, response.Reads = failure, files.Reads()
		return
	}
	result.Reads = files.Reads()
	response.OK, response.Result = true, result
}

// fallbackCode is for errors that no evaluator has given a code.
func fallbackCode(kind string) string {
	switch kind {
	case typeKustomize:
		return wire.KustomizeFailed
	case typeHelm:
		return wire.ChartInvalid
	}
	return wire.PathNotFound
}

func (s *Service) guarded(files *snapshot.Reader, params wire.RenderParams) (result wire.RenderResult, err error) {
	defer func() {
		if r := recover(); r != nil {
			s.log(string(debug.Stack()))
			err = wire.Fail(wire.EvaluatorPanicked, "evaluator panicked on %q: %v", params.Path, r)
		}
	}()
	return s.run(files, params)
}

func (s *Service) run(files *snapshot.Reader, params wire.RenderParams) (wire.RenderResult, error) {
	var result wire.RenderResult
	dir, err := cleanPath(params.Path)
	if err != nil {
		return result, err
	}
	info, err := files.Stat(dir)
	if snapshot.NotExist(err) || (err == nil && !info.IsDir) {
		return result, wire.Fail(wire.PathNotFound, "path %q is not a directory of the commit", params.Path)
	}
	if err != nil {
		return result, err
	}
	if result.Type = params.Type; result.Type == typeAuto || result.Type == "" {
		if result.Type, err = detect(files, info.Path); err != nil {
			return result, err
		}
	}
	objects, err := s.evaluate(files, info.Path, params, &result)
	if err != nil {
		return result, err
	}
	return result, fill(&result, objects, params)
}

func (s *Service) evaluate(files *snapshot.Reader, dir string, params wire.RenderParams, result *wire.RenderResult) ([]manifests.Object, error) {
	switch result.Type {
	case typeDirectory:
		return directory.Render(files, s.store, dir, deref(params.Directory))
	case typeKustomize:
		return kustomize.Render(files, s.store, dir, deref(params.Kustomize))
	case typeHelm:
		rendered, err := helm.Render(files, dir, deref(params.Helm))
		result.Unreproducible = rendered.Unreproducible
		return rendered.Objects, err
	}
	return nil, wire.Fail(wire.ParamsInvalid, "type %q is unknown, expected auto, directory, kustomize or helm", params.Type)
}

func deref[T any](options *T) T {
	if options == nil {
		var none T
		return none
	}
	return *options
}

func fill(result *wire.RenderResult, objects []manifests.Object, params wire.RenderParams) error {
	limit := params.MaxOutputBytes
	if limit <= 0 || limit > defaultMaxOutput {
		limit = defaultMaxOutput
	}
	known := knownObjects(params.Known)
	var size int64
	result.Objects = make([]wire.Object, 0, len(objects)-min(len(known), len(objects)))
	for _, object := range objects {
		if size += int64(len(object.JSON)); size > limit {
			return wire.Fail(wire.OutputTooLarge, "rendering has more than %d bytes", limit)
		}
		digest := object.Digest()
		if at, isKnown := known[digest]; isKnown {
			result.Objects = appendSame(result.Objects, at)
			continue
		}
		out := wire.Object{Object: object.JSON, Digest: digest}
		if object.File != "" {
			out.Origin = &wire.Origin{File: object.File, Line: object.Line}
		}
		result.Objects = append(result.Objects, out)
	}
	return nil
}

// knownObjects gives each digest its place.
func knownObjects(digests string) map[string]int {
	places := make(map[string]int, len(digests)/manifests.DigestLength)
	for at := 0; (at+1)*manifests.DigestLength <= len(digests); at++ {
		places[digests[at*manifests.DigestLength:(at+1)*manifests.DigestLength]] = at
	}
	return places
}

// appendSame lets the run before grow where the object is the next one of it.
func appendSame(out []wire.Object, at int) []wire.Object {
	if len(out) > 0 {
		if run := out[len(out)-1].Same; run != nil && run.From+run.Count == at {
			run.Count++
			return out
		}
	}
	return append(out, wire.Object{Same: &wire.Run{From: at, Count: 1}})
}
