package stdio

import (
	"errors"
	"fmt"
)

// The codes that every program may answer with; each program adds its own.
const (
	EvaluatorPanicked = "EVALUATOR_PANICKED"
	FrameInvalid      = "FRAME_INVALID"
	FrameTooLarge     = "FRAME_TOO_LARGE"
	MethodUnknown     = "METHOD_UNKNOWN"
	OutputTooLarge    = "OUTPUT_TOO_LARGE"
	ParamsInvalid     = "PARAMS_INVALID"
)

// Failure is a coded error; File is repository-relative and Line 1-based.
type Failure struct {
	Code    string `json:"code"`
	Message string `json:"message"`
	File    string `json:"file,omitempty"`
	Line    int    `json:"line,omitempty"`
}

// Error makes a failure an error that travels up through the evaluators.
func (f *Failure) Error() string { return f.Message }

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
