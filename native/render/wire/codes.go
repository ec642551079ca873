package wire

import "weir.dev/native/stdio"

// The codes of a failure. They are part of the protocol: packages/upstream/src/messages.ts lists the same ones.
const (
	BlobMissing       = "BLOB_MISSING"
	ChartInvalid      = "CHART_INVALID"
	DependencyMissing = "DEPENDENCY_MISSING"
	EvaluatorPanicked = stdio.EvaluatorPanicked
	FileTooLarge      = "FILE_TOO_LARGE"
	JSONInvalid       = "JSON_INVALID"
	JsonnetRefused    = "JSONNET_UNSUPPORTED"
	KustomizeFailed   = "KUSTOMIZE_FAILED"
	ManifestInvalid   = "MANIFEST_INVALID"
	MethodUnknown     = stdio.MethodUnknown
	ObjectInvalid     = "OBJECT_INVALID"
	OutputTooLarge    = stdio.OutputTooLarge
	ParamsInvalid     = stdio.ParamsInvalid
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
func Fail(code, format string, args ...any) *Failure { return stdio.Fail(code, format, args...) }

// AsFailure gives the failure in err's chain, or err under the fallback code.
func AsFailure(err error, fallback string) *Failure { return stdio.AsFailure(err, fallback) }
