// Package patch makes the patch that `kubectl apply` would send, and applies it locally.
package patch

import (
	"bytes"
	"encoding/json"
	"errors"

	jsonpatch "gopkg.in/evanphx/json-patch.v4"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/jsonmergepatch"
	"k8s.io/apimachinery/pkg/util/strategicpatch"
	"k8s.io/client-go/kubernetes/scheme"

	"weir.dev/native/evaluate/objects"
	"weir.dev/native/evaluate/wire"
)

// lastApplied is the annotation in which kubectl records what it applied.
const lastApplied = "kubectl.kubernetes.io/last-applied-configuration"

const (
	strategic = "strategic"
	merge     = "merge"
)

// states are an object as it was applied last, as it shall be and as it is.
type states struct{ original, modified, current []byte }

// ThreeWay makes the patch from current to modified, which also removes what original had and modified has no more.
func ThreeWay(run wire.PatchRun) wire.PatchResult {
	object := &objects.Object{Raw: run.Modified}
	const subject = "three-way patch"
	modified, err := prepare(run)
	if err != nil {
		return wire.PatchResult{Error: object.Failed(wire.Failed, subject, err.Error())}
	}
	of := states{original: present(run.Original), modified: modified, current: run.Current}
	if object, err := decode(run.Current); err != nil || object == nil {
		return wire.PatchResult{Error: &wire.Failure{Code: wire.Failed, Message: subject + ": current is no JSON object"}}
	}
	result, err := patchOf(of, run.Merge)
	if err != nil {
		return wire.PatchResult{Error: object.Failed(wire.Failed, subject, err.Error())}
	}
	return result
}

func patchOf(of states, withMerged bool) (wire.PatchResult, error) {
	meta, err := patchMetaOf(of.modified)
	if err != nil {
		return wire.PatchResult{}, err
	}
	result := wire.PatchResult{PatchType: merge}
	if meta != nil {
		result.PatchType = strategic
		result.Patch, err = strategicpatch.CreateThreeWayMergePatch(of.original, of.modified, of.current, meta, true)
	} else {
		result.Patch, err = mergePatch(of)
	}
	if err != nil {
		return wire.PatchResult{}, err
	}
	if string(result.Patch) == "{}" {
		result.Patch = nil
		if withMerged {
			result.Merged = of.current
		}
		return result, nil
	}
	if withMerged {
		result.Merged, err = apply(of.current, result.Patch, meta)
	}
	return result, err
}

// mergePatch looks at the identity itself: the library's own preconditions fail with an error that cannot be told apart.
func mergePatch(of states) ([]byte, error) {
	patch, err := jsonmergepatch.CreateThreeWayJSONMergePatch(of.original, of.modified, of.current)
	if err != nil {
		return nil, err
	}
	var change struct{ APIVersion, Kind, Metadata any }
	if err := json.Unmarshal(patch, &change); err != nil {
		return nil, err
	}
	metadata, _ := change.Metadata.(map[string]any)
	if _, renamed := metadata["name"]; renamed || change.APIVersion != nil || change.Kind != nil {
		return nil, errors.New("apiVersion, kind and name of an object cannot be changed by a patch")
	}
	return patch, nil
}

func apply(current, patch []byte, meta strategicpatch.LookupPatchMeta) ([]byte, error) {
	if meta == nil {
		return jsonpatch.MergePatch(current, patch)
	}
	return strategicpatch.StrategicMergePatchUsingLookupPatchMeta(current, patch, meta)
}

// patchMetaOf gives the merge keys of a kind that client-go registers; nil for any other, as in kubectl.
func patchMetaOf(modified []byte) (strategicpatch.LookupPatchMeta, error) {
	object, err := decode(modified)
	if err != nil {
		return nil, err
	}
	kind := (&unstructured.Unstructured{Object: object}).GroupVersionKind()
	typed, err := scheme.Scheme.New(kind)
	if runtime.IsNotRegisteredError(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return strategicpatch.NewPatchMetaFromStruct(typed)
}

// prepare gives modified, with itself in its annotation where that is asked for.
func prepare(run wire.PatchRun) ([]byte, error) {
	object, err := decode(run.Modified)
	if err != nil || object == nil {
		return nil, errors.New("modified is no JSON object")
	}
	if !run.Annotate {
		return run.Modified, nil
	}
	modified := &unstructured.Unstructured{Object: object}
	annotations := modified.GetAnnotations()
	if annotations == nil {
		annotations = map[string]string{}
	}
	delete(annotations, lastApplied)
	modified.SetAnnotations(annotations)
	// kubectl writes `"annotations":{}` where there are none, Go's escapes of <, > and &, and a newline at the end.
	var text bytes.Buffer
	if err := unstructured.UnstructuredJSONScheme.Encode(modified, &text); err != nil {
		return nil, err
	}
	annotations[lastApplied] = text.String()
	modified.SetAnnotations(annotations)
	return json.Marshal(modified.Object)
}

func decode(text []byte) (map[string]any, error) { return (&objects.Object{Raw: text}).Decoded() }

// present makes JSON's null the absence of what was applied last.
func present(original json.RawMessage) []byte {
	if len(original) == 0 || string(original) == "null" {
		return nil
	}
	return original
}
