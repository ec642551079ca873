// Package service answers each message of the protocol with the engine whose language it speaks.
package service

import (
	"encoding/json"
	"fmt"

	"weir.dev/native/evaluate/cel"
	"weir.dev/native/evaluate/jq"
	"weir.dev/native/evaluate/lua"
	"weir.dev/native/evaluate/objects"
	"weir.dev/native/evaluate/patch"
	"weir.dev/native/evaluate/wire"
	"weir.dev/native/stdio"
)

// Service answers requests one after the other.
type Service struct {
	lua lua.Engine
	cel cel.Engine
	jq  jq.Engine
	log func(string)
}

// New makes a service that writes the stacks of panics to log.
func New(log func(string)) *Service { return &Service{log: log} }

// Handle answers one request, whatever happens in the evaluators.
func (s *Service) Handle(request stdio.Request) stdio.Response {
	result, err := s.evaluate(request)
	if err != nil {
		return stdio.Response{ID: request.ID, Error: stdio.AsFailure(err, stdio.EvaluatorPanicked)}
	}
	return stdio.Response{ID: request.ID, OK: true, Result: result, Last: result.stopped()}
}

func (s *Service) evaluate(request stdio.Request) (outcome, error) {
	switch request.Method {
	case "lua-health":
		return s.luaHealth(request)
	case "lua-action":
		return s.luaAction(request)
	case "cel-health":
		return s.celHealth(request)
	case "cel":
		return s.condition(request)
	case "jq-delete":
		return s.jqDelete(request)
	case "three-way-patch":
		return s.threeWayPatch(request)
	}
	expected := "lua-health, lua-action, cel-health, cel, jq-delete, three-way-patch or ping"
	return nil, stdio.Fail(stdio.MethodUnknown, "method %q is unknown, expected %s", request.Method, expected)
}

func (s *Service) luaHealth(request stdio.Request) (outcome, error) {
	var params wire.LuaHealthParams
	if err := read(request, &params); err != nil {
		return nil, err
	}
	set, budget := objects.NewSet(params.Objects), objects.NewBudget(params.BudgetMs)
	return each(s, params.Runs, func(run wire.Run) (wire.HealthResult, error) {
		script, object, err := pick(params.Scripts, set, run)
		if err != nil {
			return wire.HealthResult{}, err
		}
		return s.lua.Health(budget, script, object), nil
	}, func(f *wire.Failure) wire.HealthResult { return wire.HealthResult{Error: f} })
}

func (s *Service) luaAction(request stdio.Request) (outcome, error) {
	var params wire.LuaActionParams
	if err := read(request, &params); err != nil {
		return nil, err
	}
	set, budget := objects.NewSet(params.Objects), objects.NewBudget(params.BudgetMs)
	return each(s, params.Runs, func(run wire.ActionRun) (wire.ActionResult, error) {
		script, object, err := pick(params.Scripts, set, run.Run)
		if err != nil {
			return wire.ActionResult{}, err
		}
		if run.Discover {
			return s.lua.Discover(budget, script, object), nil
		}
		return s.lua.Act(budget, script, object, run.Parameters), nil
	}, func(f *wire.Failure) wire.ActionResult { return wire.ActionResult{Error: f} })
}

func (s *Service) celHealth(request stdio.Request) (outcome, error) {
	var params wire.CelHealthParams
	if err := read(request, &params); err != nil {
		return nil, err
	}
	set, budget := objects.NewSet(params.Objects), objects.NewBudget(params.BudgetMs)
	return each(s, params.Runs, func(run wire.CheckRun) (wire.HealthResult, error) {
		check, object, err := pick(params.Checks, set, wire.Run{Script: run.Check, Object: run.Object})
		if err != nil {
			return wire.HealthResult{}, err
		}
		return s.cel.Health(budget, check, object), nil
	}, func(f *wire.Failure) wire.HealthResult { return wire.HealthResult{Error: f} })
}

func (s *Service) condition(request stdio.Request) (outcome, error) {
	var params wire.CelParams
	if err := read(request, &params); err != nil {
		return nil, err
	}
	set, budget := objects.NewSet(params.Objects), objects.NewBudget(params.BudgetMs)
	return each(s, params.Runs, func(run wire.ConditionRun) (wire.ConditionResult, error) {
		condition, err := at(params.Conditions, run.Condition)
		if err != nil {
			return wire.ConditionResult{}, err
		}
		bound := map[string]*objects.Object{}
		for name, index := range run.Bindings {
			if bound[name], err = set.At(index); err != nil {
				return wire.ConditionResult{}, err
			}
		}
		return s.cel.Condition(budget, condition, bound), nil
	}, func(f *wire.Failure) wire.ConditionResult { return wire.ConditionResult{Error: f} })
}

func (s *Service) jqDelete(request stdio.Request) (outcome, error) {
	var params wire.JqDeleteParams
	if err := read(request, &params); err != nil {
		return nil, err
	}
	set, budget := objects.NewSet(params.Objects), objects.NewBudget(params.BudgetMs)
	return each(s, params.Runs, func(run wire.JqRun) (wire.JqResult, error) {
		object, err := set.At(run.Object)
		if err != nil {
			return wire.JqResult{}, err
		}
		return s.jq.Delete(budget, object, run.Expressions), nil
	}, func(f *wire.Failure) wire.JqResult { return wire.JqResult{Error: f} })
}

func (s *Service) threeWayPatch(request stdio.Request) (outcome, error) {
	var params wire.ThreeWayPatchParams
	if err := read(request, &params); err != nil {
		return nil, err
	}
	return each(s, params.Runs, func(run wire.PatchRun) (wire.PatchResult, error) {
		return patch.ThreeWay(run), nil
	}, func(f *wire.Failure) wire.PatchResult { return wire.PatchResult{Error: f} })
}

// read leaves the params' values out of what it says of them: they are objects.
func read(request stdio.Request, params any) error {
	err := json.Unmarshal(request.Params, params)
	if err == nil {
		return nil
	}
	where := "they are no JSON object"
	if wrong, ok := err.(*json.UnmarshalTypeError); ok {
		where = fmt.Sprintf("%s is a %s", wrong.Field, wrong.Value)
	}
	return stdio.Fail(stdio.ParamsInvalid, "params of %s are malformed: %s", request.Method, where)
}

func pick[S any](scripts []S, set objects.Set, run wire.Run) (S, *objects.Object, error) {
	script, err := at(scripts, run.Script)
	if err != nil {
		return script, nil, err
	}
	object, err := set.At(run.Object)
	return script, object, err
}

func at[S any](scripts []S, index int) (script S, err error) {
	if index < 0 || index >= len(scripts) {
		return script, stdio.Fail(stdio.ParamsInvalid, "run refers to script %d, the message has %d", index, len(scripts))
	}
	return scripts[index], nil
}
