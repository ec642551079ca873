package cel

import (
	"fmt"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"weir.dev/native/evaluate/objects"
	"weir.dev/native/evaluate/wire"
)

const (
	current    = "Current"
	failed     = "Failed"
	inProgress = "InProgress"
)

// Health judges an object by one entry of healthCheckExprs, in the order of Flux's RFC 0009: an observedGeneration that
// lags, then inProgress, failed, current; where none is true the object is in progress.
func (e *Engine) Health(budget *objects.Budget, check wire.HealthCheck, object *objects.Object) wire.HealthResult {
	decoded, err := object.Decoded()
	if err != nil {
		return wire.HealthResult{Error: objects.AsFailure(err)}
	}
	steps := []struct{ field, expression, status string }{
		{"inProgress", check.InProgress, inProgress},
		{"failed", check.Failed, failed},
		{"current", check.Current, current},
	}
	if check.Current == "" {
		return wire.HealthResult{Error: invalid(named(check, "current"), fmt.Errorf("it is empty"))}
	}
	for _, step := range steps { // all of them compile before one counts, as in Flux
		if _, err := e.check(step.expression); step.expression != "" && err != nil {
			return wire.HealthResult{Error: invalid(named(check, step.field), err)}
		}
	}
	if lags(decoded) {
		return wire.HealthResult{Status: inProgress}
	}
	for _, step := range steps {
		if step.expression == "" {
			continue
		}
		program, err := e.check(step.expression)
		if err != nil {
			return wire.HealthResult{Error: invalid(named(check, step.field), err)}
		}
		is, failure := evaluate(budget, subject{named(check, step.field), object}, program, decoded)
		if failure != nil {
			return wire.HealthResult{Error: failure}
		}
		if is {
			return wire.HealthResult{Status: step.status}
		}
	}
	return wire.HealthResult{Status: inProgress}
}

func named(check wire.HealthCheck, field string) string {
	return fmt.Sprintf("CEL expression %s of %q", field, check.Name)
}

// lags tells whether the controller has not seen this generation; fields that are no integers say nothing.
func lags(object map[string]any) bool {
	observed, ok, err := unstructured.NestedInt64(object, "status", "observedGeneration")
	if err != nil || !ok {
		return false
	}
	generation, ok, err := unstructured.NestedInt64(object, "metadata", "generation")
	return err == nil && ok && observed != generation
}

// Condition evaluates a boolean over named objects.
func (e *Engine) Condition(budget *objects.Budget, condition wire.Condition, bound map[string]*objects.Object) wire.ConditionResult {
	name := fmt.Sprintf("CEL expression %q", condition.Name)
	program, err := e.condition(condition)
	if err != nil {
		return wire.ConditionResult{Error: invalid(name, err)}
	}
	variables := map[string]any{}
	judged := &objects.Object{}
	for _, variable := range condition.Variables {
		object, ok := bound[variable]
		if !ok {
			return wire.ConditionResult{Error: &wire.Failure{Code: wire.Failed, Message: fmt.Sprintf("%s got no object for %s", name, variable)}}
		}
		decoded, err := object.Decoded()
		if err != nil {
			return wire.ConditionResult{Error: objects.AsFailure(err)}
		}
		variables[variable] = decoded
		if judged.Raw == nil || object.IsSecret() {
			judged = object
		}
	}
	value, failure := evaluate(budget, subject{name, judged}, program, variables)
	return wire.ConditionResult{Value: value, Error: failure}
}
