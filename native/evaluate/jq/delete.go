// Package jq deletes from objects what Argo CD's jqPathExpressions select, and tells which fields those are.
package jq

import (
	"context"
	"fmt"

	"github.com/itchyny/gojq"

	"weir.dev/native/evaluate/objects"
	"weir.dev/native/evaluate/wire"
)

// maxPaths bounds what one expression may tell; one that selects more still deletes all of it.
const maxPaths = 10_000

// Engine runs expressions; it keeps what they were compiled to.
type Engine struct {
	programs objects.Programs[*gojq.Code]
}

// Delete applies the expressions one after the other, each to what the ones before have left, as Argo CD does. One that
// fails deletes nothing.
func (e *Engine) Delete(budget *objects.Budget, object *objects.Object, expressions []string) wire.JqResult {
	original, err := object.Literal()
	if err != nil {
		return wire.JqResult{Error: objects.AsFailure(err)}
	}
	remaining := original
	result := wire.JqResult{Expressions: make([]wire.JqOutcome, len(expressions))}
	for i, expression := range expressions {
		left, failure := e.delete(budget, object, expression, remaining)
		if failure != nil {
			result.Expressions[i].Error = failure
			continue
		}
		remaining = left
		result.Expressions[i].Paths = e.paths(budget, expression, original)
	}
	if result.Object, err = gojq.Marshal(remaining); err != nil {
		return wire.JqResult{Error: object.Failed(wire.Failed, "jq", err.Error())}
	}
	return result
}

func (e *Engine) delete(budget *objects.Budget, object *objects.Object, expression string, from map[string]any) (map[string]any, *wire.Failure) {
	subject := fmt.Sprintf("jq expression %q", expression)
	if why := budget.Spent(expression); why != "" {
		return nil, object.Failed(wire.Timeout, subject, why)
	}
	code, err := e.compile("del(" + expression + ")")
	if err != nil {
		return nil, &wire.Failure{Code: wire.Invalid, Message: subject + " does not compile: " + objects.Shorten(err.Error())}
	}
	ctx, cancel := budget.Start()
	defer cancel()
	value, err := only(ctx, code, from)
	if err != nil {
		if budget.TimedOut(ctx, expression) {
			return nil, object.Failed(wire.Timeout, subject, fmt.Sprintf("it took longer than %v", objects.RunLimit))
		}
		return nil, object.Failed(wire.Failed, subject, err.Error())
	}
	left, ok := value.(map[string]any)
	if !ok {
		return nil, object.Failed(wire.Failed, subject, "it leaves no object")
	}
	return left, nil
}

// paths gives what the expression selects, or nil where it cannot be told.
func (e *Engine) paths(budget *objects.Budget, expression string, in map[string]any) [][]any {
	code, err := e.compile("[limit(" + fmt.Sprint(maxPaths) + "; path(" + expression + "))]")
	if err != nil || budget.Spent(expression) != "" {
		return nil
	}
	ctx, cancel := budget.Start()
	defer cancel()
	value, err := only(ctx, code, in)
	if err != nil {
		budget.TimedOut(ctx, expression)
		return nil
	}
	selected, ok := value.([]any)
	if !ok {
		return nil
	}
	paths := make([][]any, 0, len(selected))
	for _, each := range selected {
		if path, ok := each.([]any); ok {
			paths = append(paths, path)
		}
	}
	return paths
}

func (e *Engine) compile(text string) (*gojq.Code, error) {
	return e.programs.Compile(text, func() (*gojq.Code, error) {
		query, err := gojq.Parse(text)
		if err != nil {
			return nil, err
		}
		return gojq.Compile(query)
	})
}

// only gives a program's output where it has exactly one.
func only(ctx context.Context, code *gojq.Code, input any) (any, error) {
	outputs := code.RunWithContext(ctx, input)
	value, ok := outputs.Next()
	if !ok {
		return nil, fmt.Errorf("it gives nothing, expected one output")
	}
	if err, ok := value.(error); ok {
		return nil, err
	}
	switch more, ok := outputs.Next(); {
	case !ok:
		return value, nil
	default:
		if err, ok := more.(error); ok {
			return nil, err
		}
	}
	return nil, fmt.Errorf("it gives more than one output")
}
