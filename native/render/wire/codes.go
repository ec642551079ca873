package wire

import (
	"errors"
	"fmt"
)

// The codes of a failure. They are part of the protocol: packages/upstream/src/messages.ts lists the same ones.
const (
	BlobMissing       = "BLOB_MISSING"
	ChartInvalid      = "CHART_INVALID"
	DependencyMissing = "DEPENDENCY_MISSING"
	EvaluatorPanicked = "EVALUATOR_PANICKED"
	FileTooLarge      = "FILE_TOO_LARGE"
	FrameInvalid      = "FRAME_INVALID"
	FrameTooLarge     = "FRAME_TOO_LARGE"
	JSONInvalid       = "JSON_INVALID"
	JsonnetRefused    = "JSONNET_UNSUPPORTED"
	KustomizeFailed   = "KUSTOMIZE_FAILED"
	ManifestInvalid   = "MANIFEST_INVALID"
	MethodUnknown     = "METHOD_UNKNOWN"
	ObjectInvalid     = "OBJECT_INVALID"
	OutputTooLarge    = "OUTPUT_TOO_LARGE"
	ParamsInvalid     = "PARAMS_INVALID"
	PathEscapes       = "PATH_ESCAPES_SNAPSHOT"
	PathNotFound      = "PATH_NOT_FOUND"
	RemoteBaseRefused = "REMOTE_BASE_REFUSED"
	RemoteRefused     = "REMOTE_FILE_REFUSED"
	SchemaInvalid     = "SCHEMA_INVALID"
	TemplateFailed    = "TEMPLATE_FAILED"
	ValuesFileMissing = "VALUES_FILE_NOT_FOUND"
	ValuesInvalid     = "VALUES_INVALID"
	YAMLInvalid       = "YAML_INVALID"
	YAMLTooLarge      = "YAML_TOO_LARGE"
)

// Fail builds a failure.
func Fail(code, format string, args ...any) *Failure {
	return &Failure{Code: code, Message: fmt.Sprintf(format, args...)}
}

// At says where a failure is.
func (f *Failure) At(file string, line int) *Failure {
	f.File, f.Line = file, line
	return f
}

// AsFailure gives the failure in err's chain, or err under the fallback code.
func AsFailure(err error, fallback string) *Failure {
	var failure *Failure
	if errors.As(err, &failure) {
		return failure
	}
	return &Failure{Code: fallback, Message: err.Error()}
}
