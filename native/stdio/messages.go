// Package stdio is how weir asks one of its native programs over stdin and how the program answers over stdout.
//
// It knows frames, the handshake and the envelope of a message, and no message of any program: those are in the program's
// own wire package, and once more in TypeScript below packages/upstream/src.
package stdio

import "encoding/json"

// Hello is the first frame: a program says who it is before it is asked anything.
type Hello struct {
	Type     string `json:"type"`
	Protocol int    `json:"protocol"`
	Role     string `json:"role"`
	// Evaluators are the versions of the upstream libraries that decide the output.
	Evaluators map[string]string `json:"evaluators"`
}

// Request asks for one thing; its params depend on the method.
type Request struct {
	ID     int64           `json:"id"`
	Method string          `json:"method"`
	Params json.RawMessage `json:"params"`
}

// Response answers the request of the same id. Reads is what a failed rendering looked at.
type Response struct {
	ID     int64    `json:"id"`
	OK     bool     `json:"ok"`
	Result any      `json:"result,omitempty"`
	Error  *Failure `json:"error,omitempty"`
	Reads  any      `json:"reads,omitempty"`
	// Last tells that the program ends after this answer, together with what it could not stop itself.
	Last bool `json:"last,omitempty"`
}

// Pong answers a ping.
type Pong struct {
	Protocol int `json:"protocol"`
}
