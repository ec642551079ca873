// Package wire holds every message of the protocol between weir and the render binary; package stdio says how they travel.
//
// The same shapes are written once in TypeScript, in packages/upstream/src/messages.ts. A change of either file that the
// other cannot read raises Protocol.
package wire

import (
	"encoding/json"

	"weir.dev/native/stdio"
)

// Protocol is the version of the messages below.
const Protocol = 2

// The envelope of a message is the same for every program.
type (
	Failure  = stdio.Failure
	Request  = stdio.Request
	Response = stdio.Response
)

// RenderParams says what to render and out of which snapshot.
type RenderParams struct {
	Snapshot       SnapshotRef       `json:"snapshot"`
	Path           string            `json:"path"`
	Type           string            `json:"type"`
	Directory      *DirectoryOptions `json:"directory"`
	Kustomize      *KustomizeOptions `json:"kustomize"`
	Helm           *HelmOptions      `json:"helm"`
	MaxOutputBytes int64             `json:"maxOutputBytes"`
	// Known are the digests, one after the other, of objects that the asker has: they are not sent again.
	Known string `json:"known"`
}

// SnapshotRef names a commit's manifest file and the blob store its contents lie in, both as absolute paths.
type SnapshotRef struct {
	ID       string `json:"id"`
	Manifest string `json:"manifest"`
	Blobs    string `json:"blobs"`
}

// Manifest is the content of a manifest file: entries are [path, git mode, blob id].
type Manifest struct {
	Version int         `json:"version"`
	Commit  string      `json:"commit"`
	Entries [][3]string `json:"entries"`
}

// DirectoryOptions narrow a plain directory; the globs are relative to the rendered path and `*` crosses slashes.
type DirectoryOptions struct {
	Recurse bool   `json:"recurse"`
	Include string `json:"include"`
	Exclude string `json:"exclude"`
}

// KustomizeOptions are Argo CD's edits (mode "kustomize") or Flux's overlay (mode "flux") on the root kustomization.
type KustomizeOptions struct {
	Mode                    string            `json:"mode"`
	NamePrefix              *string           `json:"namePrefix"`
	NameSuffix              *string           `json:"nameSuffix"`
	Namespace               string            `json:"namespace"`
	TargetNamespace         *string           `json:"targetNamespace"`
	Images                  []ImageEdit       `json:"images"`
	Replicas                []ReplicaEdit     `json:"replicas"`
	CommonLabels            map[string]string `json:"commonLabels"`
	ForceCommonLabels       bool              `json:"forceCommonLabels"`
	LabelWithoutSelector    bool              `json:"labelWithoutSelector"`
	LabelIncludeTemplates   bool              `json:"labelIncludeTemplates"`
	CommonAnnotations       map[string]string `json:"commonAnnotations"`
	ForceCommonAnnotations  bool              `json:"forceCommonAnnotations"`
	Patches                 []PatchEdit       `json:"patches"`
	PatchesStrategicMerge   []json.RawMessage `json:"patchesStrategicMerge"`
	PatchesJSON6902         []JSONPatchEdit   `json:"patchesJson6902"`
	Components              []string          `json:"components"`
	IgnoreMissingComponents bool              `json:"ignoreMissingComponents"`
	BuildMetadata           []string          `json:"buildMetadata"`
	LoadRestrictor          string            `json:"loadRestrictor"`
}

// ImageEdit is either the text of `kustomize edit set image` (Argo CD) or Flux's four fields.
type ImageEdit struct {
	Text    string `json:"-"`
	Name    string `json:"name"`
	NewName string `json:"newName"`
	NewTag  string `json:"newTag"`
	Digest  string `json:"digest"`
}

// UnmarshalJSON accepts both forms.
func (i *ImageEdit) UnmarshalJSON(data []byte) error {
	if len(data) > 0 && data[0] == '"' {
		return json.Unmarshal(data, &i.Text)
	}
	type fields ImageEdit
	return json.Unmarshal(data, (*fields)(i))
}

// ReplicaEdit sets the replica count of every workload with the name.
type ReplicaEdit struct {
	Name  string `json:"name"`
	Count int64  `json:"count"`
}

// PatchEdit is a patch given inline or, in mode "kustomize" only, by a path relative to the rendered directory.
type PatchEdit struct {
	Path    string          `json:"path"`
	Patch   string          `json:"patch"`
	Target  *PatchTarget    `json:"target"`
	Options map[string]bool `json:"options"`
}

// JSONPatchEdit is Flux's older form of a JSON patch.
type JSONPatchEdit struct {
	Patch  json.RawMessage `json:"patch"`
	Target PatchTarget     `json:"target"`
}

// PatchTarget selects what a patch applies to.
type PatchTarget struct {
	Group              string `json:"group"`
	Version            string `json:"version"`
	Kind               string `json:"kind"`
	Name               string `json:"name"`
	Namespace          string `json:"namespace"`
	LabelSelector      string `json:"labelSelector"`
	AnnotationSelector string `json:"annotationSelector"`
}

// HelmOptions are the inputs of a template-only rendering.
type HelmOptions struct {
	ReleaseName             string          `json:"releaseName"`
	Namespace               string          `json:"namespace"`
	ValueFiles              []string        `json:"valueFiles"`
	IgnoreMissingValueFiles bool            `json:"ignoreMissingValueFiles"`
	Values                  string          `json:"values"`
	ValuesObject            json.RawMessage `json:"valuesObject"`
	Parameters              []HelmParameter `json:"parameters"`
	FileParameters          []HelmFileParam `json:"fileParameters"`
	SkipCrds                bool            `json:"skipCrds"`
	SkipTests               bool            `json:"skipTests"`
	SkipSchemaValidation    bool            `json:"skipSchemaValidation"`
	KubeVersion             string          `json:"kubeVersion"`
	APIVersions             []string        `json:"apiVersions"`
	IsUpgrade               bool            `json:"isUpgrade"`
}

// HelmParameter is one --set or, forced, one --set-string.
type HelmParameter struct {
	Name        string `json:"name"`
	Value       string `json:"value"`
	ForceString bool   `json:"forceString"`
}

// HelmFileParam is one --set-file.
type HelmFileParam struct {
	Name string `json:"name"`
	Path string `json:"path"`
}

// RenderResult is a rendering and all that it read.
type RenderResult struct {
	Type           string   `json:"type"`
	Objects        []Object `json:"objects"`
	Reads          *Reads   `json:"reads"`
	Unreproducible bool     `json:"unreproducible,omitempty"`
}

// Object is one Kubernetes object, its numbers as written, and where it was written. Digest names all of that.
//
// With Same it stands for known objects instead: for so many, from that place in the list of the asker on.
type Object struct {
	Object json.RawMessage `json:"object,omitempty"`
	Origin *Origin         `json:"origin,omitempty"`
	Digest string          `json:"digest,omitempty"`
	Same   *Run            `json:"same,omitempty"`
}

// Run is a piece of a list.
type Run struct {
	From  int `json:"from"`
	Count int `json:"count"`
}

// Origin is a repository-relative file; Line is 1-based and absent where the object was generated.
type Origin struct {
	File string `json:"file"`
	Line int    `json:"line,omitempty"`
}

// Reads is everything a rendering looked at. A change that touches none of it cannot change the output.
//
// Files maps a path to its blob id (a symlink counts as a file). Dirs maps a directory ("" is the root) to the digest of
// its listing. A miss is hit by a change of that path or of anything below it.
type Reads struct {
	Files  map[string]string `json:"files"`
	Dirs   map[string]string `json:"dirs"`
	Misses []string          `json:"misses"`
}
