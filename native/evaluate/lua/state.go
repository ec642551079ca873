// Package lua runs Argo CD's health and action scripts as Argo CD runs them: Lua 5.1 of gopher-lua, a fresh state for each
// object, one second, and no way out to files, processes, the network or the environment.
package lua

import (
	"context"
	"errors"
	"strings"

	lua "github.com/yuin/gopher-lua"
	"github.com/yuin/gopher-lua/parse"

	"weir.dev/native/evaluate/objects"
	"weir.dev/native/evaluate/wire"
)

// withheld are functions that read files, print, or make the collector work on demand.
var withheld = []string{"dofile", "loadfile", "print", "_printregs", "collectgarbage", "newproxy"}

// Engine runs scripts; it keeps what they were compiled to.
type Engine struct {
	programs objects.Programs[*lua.FunctionProto]
}

func (e *Engine) compile(script wire.Script) (*lua.FunctionProto, error) {
	return e.programs.Compile(script.Name+"\x00"+script.Source, func() (*lua.FunctionProto, error) {
		chunk, err := parse.Parse(strings.NewReader(script.Source), script.Name)
		if err != nil {
			return nil, err
		}
		return lua.Compile(chunk, script.Name)
	})
}

// chunk is a script that was compiled.
type chunk struct {
	proto    *lua.FunctionProto
	openLibs bool
}

// call runs a chunk on an object, and gives what it returned.
func call(ctx context.Context, script chunk, object map[string]any, parameters map[string]string) (lua.LValue, error) {
	state := newState(script.openLibs)
	defer state.Close()
	state.SetContext(ctx)
	state.SetGlobal("obj", toLua(state, object))
	given := state.NewTable()
	for name, value := range parameters {
		given.RawSetString(name, lua.LString(value))
	}
	state.SetGlobal("actionParams", given)
	state.Push(state.NewFunctionFromProto(script.proto))
	if err := state.PCall(0, lua.MultRet, nil); err != nil {
		return nil, err
	}
	return state.Get(-1), nil
}

func newState(openLibs bool) *lua.LState {
	state := lua.NewState(lua.Options{SkipOpenLibs: true})
	open(state, lua.LoadLibName, lua.OpenPackage)
	open(state, lua.BaseLibName, lua.OpenBase)
	open(state, lua.TabLibName, lua.OpenTable)
	openClock(state)
	if openLibs {
		open(state, lua.StringLibName, lua.OpenString)
		open(state, lua.MathLibName, lua.OpenMath)
		open(state, lua.CoroutineLibName, lua.OpenCoroutine)
	}
	for _, name := range withheld {
		state.SetGlobal(name, lua.LNil)
	}
	if libraries, ok := state.GetGlobal("package").(*lua.LTable); ok {
		libraries.RawSetString("path", lua.LString(""))  // require finds what is open, and no file
		libraries.RawSetString("cpath", lua.LString("")) // gopher-lua loads none; scripts may still look
	}
	state.SetGlobal("print", state.NewFunction(func(*lua.LState) int { return 0 }))
	return state
}

func open(state *lua.LState, name string, library lua.LGFunction) {
	state.Push(state.NewFunction(library))
	state.Push(lua.LString(name))
	state.Call(1, 0)
}

// openClock leaves of the library os what tells the time; `require("os")` gives the same.
func openClock(state *lua.LState) {
	open(state, lua.OsLibName, lua.OpenOs)
	full, ok := state.GetGlobal(lua.OsLibName).(*lua.LTable)
	if !ok {
		return
	}
	clock := state.NewTable()
	for _, name := range []string{"time", "date"} {
		clock.RawSetString(name, full.RawGetString(name))
	}
	state.SetGlobal(lua.OsLibName, clock)
	if loaded, ok := state.GetField(state.Get(lua.RegistryIndex), "_LOADED").(*lua.LTable); ok {
		loaded.RawSetString(lua.OsLibName, clock)
	}
}

// reasonOf is an error's message without the traceback, which tells of our own stack.
func reasonOf(err error) string {
	var failed *lua.ApiError
	if errors.As(err, &failed) {
		if failed.Object != nil && failed.Object != lua.LNil {
			return failed.Object.String()
		}
		if failed.Cause != nil {
			return failed.Cause.Error()
		}
	}
	return err.Error()
}
