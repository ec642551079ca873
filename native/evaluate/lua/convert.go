package lua

import (
	"errors"
	"math"

	lua "github.com/yuin/gopher-lua"
)

var (
	errNested  = errors.New("a table is contained in what is returned more than once, which JSON cannot say")
	errSparse  = errors.New("an array that is returned has gaps")
	errKeys    = errors.New("a table that is returned has keys of mixed types")
	errNumber  = errors.New("a number that is returned is not finite")
	errNotJSON = errors.New("a function, a thread or user data is returned")
)

// toLua makes tables of an object. JSON's null is nil, so that a list ends at its first null and a field of null is absent.
func toLua(state *lua.LState, value any) lua.LValue {
	switch value := value.(type) {
	case bool:
		return lua.LBool(value)
	case string:
		return lua.LString(value)
	case int64:
		return lua.LNumber(value)
	case float64:
		return lua.LNumber(value)
	case []any:
		list := state.CreateTable(len(value), 0)
		for _, item := range value {
			list.Append(toLua(state, item))
		}
		return list
	case map[string]any:
		table := state.CreateTable(0, len(value))
		for name, item := range value {
			table.RawSetString(name, toLua(state, item))
		}
		return table
	}
	return lua.LNil
}

// converter makes JSON of tables by the rules of gopher-json, which Argo CD uses: an empty table is a list, a table whose
// first key is a number is a list without gaps, and no table may be met twice, also where it does not contain itself.
type converter struct{ met map[*lua.LTable]bool }

func fromLua(value lua.LValue) (any, error) {
	return converter{met: map[*lua.LTable]bool{}}.value(value)
}

func (c converter) value(value lua.LValue) (any, error) {
	switch value := value.(type) {
	case lua.LBool:
		return bool(value), nil
	case lua.LString:
		return string(value), nil
	case lua.LNumber:
		number := float64(value)
		if math.IsNaN(number) || math.IsInf(number, 0) {
			return nil, errNumber
		}
		if whole := int64(number); math.Abs(number) < 1<<53 && float64(whole) == number {
			return whole, nil
		}
		return number, nil
	case *lua.LNilType:
		return nil, nil
	case *lua.LTable:
		return c.table(value)
	}
	return nil, errNotJSON
}

func (c converter) table(table *lua.LTable) (any, error) {
	if c.met[table] {
		return nil, errNested
	}
	c.met[table] = true
	switch first, _ := table.Next(lua.LNil); first.Type() {
	case lua.LTNil:
		return []any{}, nil
	case lua.LTNumber:
		return c.list(table)
	case lua.LTString:
		return c.fields(table)
	}
	return nil, errKeys
}

func (c converter) list(table *lua.LTable) (any, error) {
	list := make([]any, 0, table.Len())
	for key, item := table.Next(lua.LNil); key != lua.LNil; key, item = table.Next(key) {
		if key.Type() != lua.LTNumber {
			return nil, errKeys
		}
		if key != lua.LNumber(len(list)+1) {
			return nil, errSparse
		}
		value, err := c.value(item)
		if err != nil {
			return nil, err
		}
		list = append(list, value)
	}
	return list, nil
}

func (c converter) fields(table *lua.LTable) (any, error) {
	fields := map[string]any{}
	for key, item := table.Next(lua.LNil); key != lua.LNil; key, item = table.Next(key) {
		name, ok := key.(lua.LString)
		if !ok {
			return nil, errKeys
		}
		value, err := c.value(item)
		if err != nil {
			return nil, err
		}
		fields[string(name)] = value
	}
	return fields, nil
}

// restoreEmpty gives back to empty lists what they were in the object that the script got: an empty map became an empty
// table, of which nobody can tell what it was.
func restoreEmpty(made, given any) any {
	switch made := made.(type) {
	case map[string]any:
		if given, ok := given.(map[string]any); ok {
			for name, value := range made {
				if before, ok := given[name]; ok {
					made[name] = restoreEmpty(value, before)
				}
			}
		}
	case []any:
		switch given := given.(type) {
		case map[string]any:
			if len(made) == 0 {
				return given
			}
		case []any:
			for i := 0; i < len(made) && i < len(given); i++ {
				made[i] = restoreEmpty(made[i], given[i])
			}
		}
	}
	return made
}
