package lua

import (
	"encoding/json"
	"fmt"
	"sort"

	"weir.dev/native/evaluate/objects"
	"weir.dev/native/evaluate/wire"
)

// Discover gives the actions that a discovery script offers for an object, by name.
func (e *Engine) Discover(budget *objects.Budget, script wire.Script, object *objects.Object) wire.ActionResult {
	returned, failure := e.run(budget, script, object, nil)
	if failure != nil {
		return wire.ActionResult{Error: failure}
	}
	if list, ok := returned.([]any); ok && len(list) == 0 {
		return wire.ActionResult{}
	}
	offered, ok := returned.(map[string]any)
	if !ok {
		return wire.ActionResult{Error: failed(script, object, "it must return a table of actions by name")}
	}
	result := wire.ActionResult{Actions: make([]wire.Action, 0, len(offered))}
	for name, details := range offered {
		action := wire.Action{Name: name}
		if fields, ok := details.(map[string]any); ok {
			if err := reread(emptyLists(fields, "params"), &action); err != nil {
				return wire.ActionResult{Error: failed(script, object, fmt.Sprintf("action %q is malformed: %v", name, err))}
			}
		} else if list, ok := details.([]any); !ok || len(list) > 0 {
			return wire.ActionResult{Error: failed(script, object, fmt.Sprintf("action %q must be a table of fields", name))}
		}
		action.Name = name
		result.Actions = append(result.Actions, action)
	}
	sort.Slice(result.Actions, func(i, j int) bool { return result.Actions[i].Name < result.Actions[j].Name })
	return result
}

// emptyLists makes the empty table of a field a list also where it was read as anything else.
func emptyLists(fields map[string]any, name string) map[string]any {
	if table, ok := fields[name].(map[string]any); ok && len(table) == 0 {
		fields[name] = []any{}
	}
	return fields
}

// Act gives the operations that an action asks for: a list of them, or one object, which is to be patched.
func (e *Engine) Act(budget *objects.Budget, script wire.Script, object *objects.Object, parameters map[string]string) wire.ActionResult {
	returned, failure := e.run(budget, script, object, parameters)
	if failure != nil {
		return wire.ActionResult{Error: failure}
	}
	given, err := object.Decoded()
	if err != nil {
		return wire.ActionResult{Error: objects.AsFailure(err)}
	}
	var wanted []operation
	switch returned := returned.(type) {
	case map[string]any:
		wanted = []operation{{Operation: "patch", Resource: returned}}
	case []any:
		if err := reread(returned, &wanted); err != nil {
			return wire.ActionResult{Error: failed(script, object, "it must return an object or a list of operations: "+err.Error())}
		}
	default:
		return wire.ActionResult{Error: failed(script, object, "it must return an object or a list of operations")}
	}
	result := wire.ActionResult{}
	for i, each := range wanted {
		made, err := each.finish(given)
		if err != nil {
			return wire.ActionResult{Error: failed(script, object, fmt.Sprintf("operation %d %v", i+1, err))}
		}
		result.Operations = append(result.Operations, made)
	}
	return result
}

type operation struct {
	Operation string         `json:"operation"`
	Resource  map[string]any `json:"resource"`
}

func (o operation) finish(given map[string]any) (wire.Operation, error) {
	if o.Operation != "create" && o.Operation != "patch" {
		return wire.Operation{}, fmt.Errorf("is %q, expected create or patch", o.Operation)
	}
	if kind, ok := o.Resource["kind"].(string); !ok || kind == "" {
		return wire.Operation{}, fmt.Errorf("has a resource without kind")
	}
	resource := any(o.Resource)
	if o.Operation == "patch" {
		resource = restoreEmpty(resource, given)
	}
	text, err := json.Marshal(resource)
	return wire.Operation{Operation: o.Operation, Resource: text}, err
}
