package lua

import (
	"encoding/json"
	"fmt"

	"weir.dev/native/evaluate/objects"
	"weir.dev/native/evaluate/wire"
)

// statuses are those of Argo CD; any other is Unknown.
var statuses = map[string]bool{
	"Healthy": true, "Progressing": true, "Degraded": true, "Suspended": true, "Missing": true, "Unknown": true,
}

// Health judges an object by a script. A result without status says nothing of it: the script returned nil or a list.
func (e *Engine) Health(budget *objects.Budget, script wire.Script, object *objects.Object) wire.HealthResult {
	returned, failure := e.run(budget, script, object, nil)
	if failure != nil {
		return wire.HealthResult{Error: failure}
	}
	switch returned := returned.(type) {
	case nil, []any:
		return wire.HealthResult{}
	case map[string]any:
		return healthOf(script, object, returned)
	}
	return wire.HealthResult{Error: failed(script, object, fmt.Sprintf("it returned a %T, expected a table", returned))}
}

func healthOf(script wire.Script, object *objects.Object, returned map[string]any) wire.HealthResult {
	var health struct{ Status, Message string }
	if err := reread(returned, &health); err != nil {
		return wire.HealthResult{Error: failed(script, object, "status and message must be strings: "+err.Error())}
	}
	if !statuses[health.Status] {
		return wire.HealthResult{Status: "Unknown", Message: "the script returned an invalid health status"}
	}
	return wire.HealthResult{Status: health.Status, Message: objects.Shorten(object.Redact(health.Message))}
}

// run gives what a script returned as JSON's values, or why there is nothing.
func (e *Engine) run(budget *objects.Budget, script wire.Script, object *objects.Object, parameters map[string]string) (any, *wire.Failure) {
	if why := budget.Spent(script.Name); why != "" {
		return nil, object.Failed(wire.Timeout, subject(script), why)
	}
	decoded, err := object.Decoded()
	if err != nil {
		return nil, objects.AsFailure(err)
	}
	proto, err := e.compile(script)
	if err != nil {
		return nil, &wire.Failure{Code: wire.Invalid, Message: subject(script) + " does not compile: " + objects.Shorten(reasonOf(err))}
	}
	ctx, cancel := budget.Start() // compiling does not count: it is done once for all objects
	defer cancel()
	value, err := call(ctx, chunk{proto, script.OpenLibs}, decoded, parameters)
	switch {
	case err != nil && budget.TimedOut(ctx, script.Name):
		return nil, object.Failed(wire.Timeout, subject(script), fmt.Sprintf("it took longer than %v", objects.RunLimit))
	case err != nil:
		return nil, failed(script, object, reasonOf(err))
	}
	returned, err := fromLua(value)
	if err != nil {
		return nil, failed(script, object, err.Error())
	}
	return returned, nil
}

func subject(script wire.Script) string { return fmt.Sprintf("Lua script %q", script.Name) }

func failed(script wire.Script, object *objects.Object, reason string) *wire.Failure {
	return object.Failed(wire.Failed, subject(script), reason)
}

// reread reads loosely typed values by the rules of encoding/json, which Argo CD reads what scripts return by.
func reread(value, into any) error {
	text, err := json.Marshal(value)
	if err != nil {
		return err
	}
	return json.Unmarshal(text, into)
}
