// Package wire holds every message of the protocol between weir and the evaluate binary; package stdio says how they travel.
//
// The same shapes are written once in TypeScript, in packages/upstream/src/evaluation-messages.ts. A change of either file
// that the other cannot read raises Protocol. A message carries scripts and objects once; its runs refer to them by index,
// and its results are in the order of its runs. A run that fails says so in its own result; the others go on.
package wire

import (
	"encoding/json"

	"weir.dev/native/stdio"
)

// Protocol is the version of the messages below.
const Protocol = 1

// The codes of a failed run. Codes of whole requests are those of package stdio.
const (
	// Failed: the script or expression ended with an error, or gave what it must not give.
	Failed = "EVALUATION_FAILED"
	// Invalid: it does not compile.
	Invalid = "EVALUATION_INVALID"
	// Timeout: it ran into its limit, or the request's budget was used up before its turn.
	Timeout = "EVALUATION_TIMEOUT"
)

// Failure is a coded error.
type Failure = stdio.Failure

// Script is a Lua chunk. Name is what messages call it.
type Script struct {
	Name   string `json:"name"`
	Source string `json:"source"`
	// OpenLibs adds string, math and coroutine, as Argo CD's useOpenLibs does; never files, processes or the environment.
	OpenLibs bool `json:"openLibs"`
}

// Batch is what most messages share.
type Batch struct {
	Objects []json.RawMessage `json:"objects"`
	// BudgetMs bounds the whole request: runs whose turn comes later are answered with a timeout.
	BudgetMs int64 `json:"budgetMs"`
}

// Run applies the script at an index to the object at an index.
type Run struct {
	Script int `json:"script"`
	Object int `json:"object"`
}

// LuaHealthParams is `lua-health`: Argo CD's resource.customizations.health.
type LuaHealthParams struct {
	Batch
	Scripts []Script `json:"scripts"`
	Runs    []Run    `json:"runs"`
}

// HealthResult has no status where the script said nothing of the object.
type HealthResult struct {
	Status  string   `json:"status,omitempty"`
	Message string   `json:"message,omitempty"`
	Error   *Failure `json:"error,omitempty"`
}

// LuaActionParams is `lua-action`: Argo CD's resource.customizations.actions.
type LuaActionParams struct {
	Batch
	Scripts []Script    `json:"scripts"`
	Runs    []ActionRun `json:"runs"`
}

// ActionRun runs a discovery script or an action with its parameters.
type ActionRun struct {
	Run
	Discover   bool              `json:"discover"`
	Parameters map[string]string `json:"parameters"`
}

// ActionResult has actions after a discovery and operations after an action.
type ActionResult struct {
	Actions    []Action    `json:"actions,omitempty"`
	Operations []Operation `json:"operations,omitempty"`
	Error      *Failure    `json:"error,omitempty"`
}

// Action is what a discovery offers, as Argo CD's API spells it.
type Action struct {
	Name        string        `json:"name"`
	Disabled    bool          `json:"disabled,omitempty"`
	IconClass   string        `json:"iconClass,omitempty"`
	DisplayName string        `json:"displayName,omitempty"`
	Params      []ActionParam `json:"params,omitempty"`
}

// ActionParam is a parameter that an action asks for.
type ActionParam struct {
	Name    string `json:"name,omitempty"`
	Value   string `json:"value,omitempty"`
	Type    string `json:"type,omitempty"`
	Default string `json:"default,omitempty"`
}

// Operation is `create` or `patch`, of the whole resource.
type Operation struct {
	Operation string          `json:"operation"`
	Resource  json.RawMessage `json:"resource"`
}

// CelHealthParams is `cel-health`: Flux's healthCheckExprs. Choosing the entry for a kind is the caller's.
type CelHealthParams struct {
	Batch
	Checks []HealthCheck `json:"checks"`
	Runs   []CheckRun    `json:"runs"`
}

// HealthCheck is one entry of healthCheckExprs.
type HealthCheck struct {
	Name       string `json:"name"`
	Current    string `json:"current"`
	InProgress string `json:"inProgress"`
	Failed     string `json:"failed"`
}

// CheckRun applies a check to an object.
type CheckRun struct {
	Check  int `json:"check"`
	Object int `json:"object"`
}

// CelParams is `cel`: a boolean over named objects, as Flux's readyExpr is one over self and dep.
type CelParams struct {
	Batch
	Conditions []Condition    `json:"conditions"`
	Runs       []ConditionRun `json:"runs"`
}

// Condition is an expression over named objects. Libraries is `flux`, exactly what Flux declares, or `kubernetes`, what an
// API server of 1.36 declares for admission policies but for its authorizer.
type Condition struct {
	Name       string   `json:"name"`
	Expression string   `json:"expression"`
	Variables  []string `json:"variables"`
	Libraries  string   `json:"libraries"`
}

// ConditionRun gives each variable of a condition an object.
type ConditionRun struct {
	Condition int            `json:"condition"`
	Bindings  map[string]int `json:"bindings"`
}

// ConditionResult is what a condition said.
type ConditionResult struct {
	Value bool     `json:"value"`
	Error *Failure `json:"error,omitempty"`
}

// JqDeleteParams is `jq-delete`: Argo CD's jqPathExpressions.
type JqDeleteParams struct {
	Batch
	Runs []JqRun `json:"runs"`
}

// JqRun deletes what the expressions select, one after the other.
type JqRun struct {
	Object      int      `json:"object"`
	Expressions []string `json:"expressions"`
}

// JqResult is the object after all expressions that worked, and of each expression what became of it.
type JqResult struct {
	Object      json.RawMessage `json:"object,omitempty"`
	Expressions []JqOutcome     `json:"expressions,omitempty"`
	Error       *Failure        `json:"error,omitempty"`
}

// JqOutcome has the paths that the expression selects in the object as it was sent; null where it is no path expression.
type JqOutcome struct {
	Paths [][]any  `json:"paths"`
	Error *Failure `json:"error,omitempty"`
}

// ThreeWayPatchParams is `three-way-patch`: what `kubectl apply` would send.
type ThreeWayPatchParams struct {
	BudgetMs int64      `json:"budgetMs"`
	Runs     []PatchRun `json:"runs"`
}

// PatchRun is one object in its three states; Original is what was applied last, and absent where nobody recorded it.
type PatchRun struct {
	Original json.RawMessage `json:"original"`
	Modified json.RawMessage `json:"modified"`
	Current  json.RawMessage `json:"current"`
	// Annotate records Modified in its own last-applied annotation first, byte for byte as kubectl does.
	Annotate bool `json:"annotate"`
	// Merge asks for Current with the patch applied.
	Merge bool `json:"merge"`
}

// PatchResult has no patch where nothing changes.
type PatchResult struct {
	PatchType string          `json:"patchType,omitempty"`
	Patch     json.RawMessage `json:"patch,omitempty"`
	Merged    json.RawMessage `json:"merged,omitempty"`
	Error     *Failure        `json:"error,omitempty"`
}
