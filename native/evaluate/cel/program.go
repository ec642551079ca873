// Package cel evaluates Common Expression Language with cel-go: Flux's health checks and conditions with exactly the
// libraries that Flux declares, other conditions with those of the Kubernetes API server.
package cel

import (
	"errors"
	"fmt"
	"strings"

	celgo "github.com/google/cel-go/cel"
	"github.com/google/cel-go/common/types"
	"github.com/google/cel-go/ext"
	"github.com/google/cel-go/interpreter"
	"k8s.io/apiserver/pkg/cel/library"

	"weir.dev/native/evaluate/objects"
	"weir.dev/native/evaluate/wire"
)

// interruptEvery is how many steps of a comprehension pass between two looks at the clock, as in the API server.
const interruptEvery = 100

// maxCost is about half a second's worth of steps; the API server allows half of it. The clock alone is not enough: an
// interrupted comprehension is an error, and `||` swallows an error, so that the loops around it go on.
const maxCost = 2_000_000

// Engine evaluates expressions; it keeps what they were compiled to.
type Engine struct {
	programs objects.Programs[celgo.Program]
}

var language = []celgo.EnvOption{
	celgo.HomogeneousAggregateLiterals(),
	celgo.EagerlyValidateDeclarations(true),
	celgo.DefaultUTCTimeZone(true),
	celgo.CrossTypeNumericComparisons(true),
	celgo.OptionalTypes(),
	ext.Sets(),
}

var fluxLibraries = []celgo.EnvOption{ext.Strings(), ext.Encoders()}

// kubernetesLibraries are those of an API server of 1.36, but for the authorizer, which would ask it.
var kubernetesLibraries = []celgo.EnvOption{
	ext.Strings(ext.StringsVersion(2)),
	ext.TwoVarComprehensions(),
	ext.Lists(ext.ListsVersion(3)),
	library.URLs(),
	library.Regex(),
	library.Lists(),
	library.Quantity(),
	library.IP(),
	library.CIDR(),
	library.Format(),
	library.SemverLib(library.SemverVersion(1)),
}

// check compiles one of Flux's health expressions: parsed and not type-checked, for the variables are whatever fields the
// object has.
func (e *Engine) check(expression string) (celgo.Program, error) {
	return e.programs.Compile("check\x00"+expression, func() (celgo.Program, error) {
		env, err := celgo.NewEnv(append(append([]celgo.EnvOption{}, language...), fluxLibraries...)...)
		if err != nil {
			return nil, err
		}
		parsed, issues := env.Parse(expression)
		if issues.Err() != nil {
			return nil, issues.Err()
		}
		return plan(env, parsed)
	})
}

// condition compiles a boolean over named objects, type-checked.
func (e *Engine) condition(c wire.Condition) (celgo.Program, error) {
	key := strings.Join(append([]string{c.Libraries, c.Expression}, c.Variables...), "\x00")
	return e.programs.Compile(key, func() (celgo.Program, error) {
		options := append([]celgo.EnvOption{}, language...)
		of := celgo.ObjectType("google.protobuf.Struct") // as Flux declares self and dep
		switch c.Libraries {
		case "flux", "":
			options = append(options, fluxLibraries...)
		case "kubernetes":
			options, of = append(options, kubernetesLibraries...), celgo.DynType
		default:
			return nil, fmt.Errorf("libraries %q are unknown, expected flux or kubernetes", c.Libraries)
		}
		for _, name := range c.Variables {
			options = append(options, celgo.Variable(name, of))
		}
		env, err := celgo.NewEnv(options...)
		if err != nil {
			return nil, err
		}
		checked, issues := env.Compile(c.Expression)
		if issues.Err() != nil {
			return nil, issues.Err()
		}
		if got := checked.OutputType(); got != celgo.BoolType {
			return nil, fmt.Errorf("it gives %s, expected bool", got)
		}
		return plan(env, checked)
	})
}

func plan(env *celgo.Env, ast *celgo.Ast) (celgo.Program, error) {
	return env.Program(ast, celgo.EvalOptions(celgo.OptOptimize), celgo.InterruptCheckFrequency(interruptEvery),
		celgo.CostLimit(maxCost))
}

// evaluate gives an expression's boolean. The object that failures name is the one that is judged.
func evaluate(budget *objects.Budget, named subject, program celgo.Program, variables map[string]any) (bool, *wire.Failure) {
	if why := budget.Spent(named.script); why != "" {
		return false, named.object.Failed(wire.Timeout, named.script, why)
	}
	ctx, cancel := budget.Start()
	defer cancel()
	value, _, err := program.ContextEval(ctx, variables)
	if err != nil {
		var cancelled interpreter.EvalCancelledError
		if budget.TimedOut(ctx, named.script) || errors.As(err, &cancelled) {
			return false, named.object.Failed(wire.Timeout, named.script, fmt.Sprintf("it takes longer than %v", objects.RunLimit))
		}
		return false, named.object.Failed(wire.Failed, named.script, err.Error())
	}
	result, ok := value.(types.Bool)
	if !ok {
		return false, named.object.Failed(wire.Failed, named.script, fmt.Sprintf("it gives %s, expected bool", value.Type().TypeName()))
	}
	return bool(result), nil
}

// subject is what a failure names: the expression as its owner knows it, and the object.
type subject struct {
	script string
	object *objects.Object
}

func invalid(named string, err error) *wire.Failure {
	return &wire.Failure{Code: wire.Invalid, Message: named + " does not compile: " + objects.Shorten(err.Error())}
}
