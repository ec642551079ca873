package service

import (
	"encoding/json"
	"strings"
	"testing"

	"weir.dev/native/stdio"
)

type fields = map[string]any

// ask gives the answer as JSON: the results, or the failure of the whole request.
func ask(t *testing.T, method string, params any) string {
	t.Helper()
	text, err := json.Marshal(params)
	if err != nil {
		t.Fatal(err)
	}
	response := New(func(text string) { t.Log(text) }).Handle(stdio.Request{ID: 1, Method: method, Params: text})
	if response.Error != nil {
		return response.Error.Code + " " + response.Error.Message
	}
	text, err = json.Marshal(response.Result)
	if response.Last {
		text = append(text, " and ends"...)
	}
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSuffix(strings.TrimPrefix(string(text), `{"results":[`), `]}`)
}

var widget = fields{
	"apiVersion": "example.com/v1", "kind": "Widget",
	"metadata": fields{"name": "w", "namespace": "shop", "generation": 4, "labels": fields{}},
	"spec":     fields{"size": 3, "ratio": 0.5, "big": 9007199254740993, "parts": []any{"a", "b"}, "options": fields{}},
	"status":   fields{"phase": "Running", "observedGeneration": 4},
}

var secret = fields{
	"apiVersion": "v1", "kind": "Secret", "metadata": fields{"name": "s", "namespace": "shop"},
	"data": fields{"password": "aHVudGVyMjI="},
}

func luaParams(source string, object fields, more fields) fields {
	script := fields{"name": "check", "source": source}
	run := fields{"script": 0, "object": 0}
	for name, value := range more {
		if name == "openLibs" {
			script[name] = value
		} else {
			run[name] = value
		}
	}
	return fields{"scripts": []any{script}, "objects": []any{object}, "runs": []any{run}}
}

func TestLuaHealth(t *testing.T) {
	long := fields{"openLibs": true}
	cases := map[string]struct {
		source string
		object fields
		more   fields
		says   string
	}{
		"a status and a message":                       {`return {status = "Degraded", message = "phase " .. obj.status.phase}`, widget, nil, `{"status":"Degraded","message":"phase Running"}`},
		"integers print as integers":                   {`return {status = "Healthy", message = tostring(obj.spec.size) .. " " .. obj.spec.ratio}`, widget, nil, `{"status":"Healthy","message":"3 0.5"}`},
		"nothing returned says nothing":                {`local x = obj`, widget, nil, `{}`},
		"an empty table says nothing":                  {`return {}`, widget, nil, `{}`},
		"a list says nothing":                          {`return {"Healthy"}`, widget, nil, `{}`},
		"an invalid status is Unknown":                 {`return {status = "Fine"}`, widget, nil, `{"status":"Unknown","message":"the script returned an invalid health status"}`},
		"no status is Unknown":                         {`return {message = "x"}`, widget, nil, `{"status":"Unknown","message":"the script returned an invalid health status"}`},
		"a word is an error":                           {`return "Healthy"`, widget, nil, `{"error":{"code":"EVALUATION_FAILED","message":"Lua script \"check\" on Widget shop/w: it returned a string, expected a table"}}`},
		"a message must be text":                       {`return {status = "Healthy", message = {1}}`, widget, nil, `{"error":{"code":"EVALUATION_FAILED","message":"Lua script \"check\" on Widget shop/w: status and message must be strings: json: cannot unmarshal array into Go struct field .Message of type string"}}`},
		"an error names script, line and object":       {"\nerror('no parts')", widget, nil, `{"error":{"code":"EVALUATION_FAILED","message":"Lua script \"check\" on Widget shop/w: check:2: no parts"}}`},
		"what does not compile is invalid":             {`return {`, widget, nil, `{"error":{"code":"EVALUATION_INVALID","message":"Lua script \"check\" does not compile: `},
		"a loop ends after a second":                   {`while true do end`, widget, nil, `{"error":{"code":"EVALUATION_TIMEOUT","message":"Lua script \"check\" on Widget shop/w: it took longer than 1s"}}`},
		"a loop under pcall ends too":                  {`while true do pcall(function() while true do end end) end`, widget, nil, `{"error":{"code":"EVALUATION_TIMEOUT"`},
		"a loop in a coroutine ends too":               {`coroutine.wrap(function() while true do end end)()`, widget, long, `{"error":{"code":"EVALUATION_TIMEOUT"`},
		"recursion without end is an error":            {`local function f() return 1 + f() end f()`, widget, nil, `{"error":{"code":"EVALUATION_FAILED","message":"Lua script \"check\" on Widget shop/w: `},
		"string is closed":                             {`return {status = "Healthy", message = string.upper("x")}`, widget, nil, `{"error":{"code":"EVALUATION_FAILED"`},
		"string opens with openLibs":                   {`return {status = "Healthy", message = string.upper("x") .. math.floor(1.5)}`, widget, long, `{"status":"Healthy","message":"X1"}`},
		"tables have their library":                    {`return {status = "Healthy", message = table.getn(obj.spec.parts) .. table.concat(obj.spec.parts)}`, widget, nil, `{"status":"Healthy","message":"2ab"}`},
		"os tells the time and does nothing else":      {`local os = require("os"); return {status = "Healthy", message = os.date("!%Y", 0) .. tostring(os.execute) .. tostring(os.getenv)}`, widget, long, `{"status":"Healthy","message":"1970nilnil"}`},
		"files are closed":                             {`return {status = "Healthy", message = tostring(io) .. tostring(dofile) .. tostring(loadfile)}`, widget, long, `{"status":"Healthy","message":"nilnilnil"}`},
		"require finds no file":                        {`return {status = "Healthy", message = tostring(pcall(require, "etc/passwd"))}`, widget, long, `{"status":"Healthy","message":"false"}`},
		"globals do not outlive a run":                 {`seen = (seen or 0) + 1; return {status = "Healthy", message = tostring(seen)}`, widget, nil, `{"status":"Healthy","message":"1"}`},
		"a Secret's value is blanked out in a message": {`return {status = "Healthy", message = "is " .. obj.data.password}`, secret, nil, `{"status":"Healthy","message":"is ***"}`},
		"a Secret's value is not in an error":          {`error(obj.data.password)`, secret, nil, `{"error":{"code":"EVALUATION_FAILED","message":"Lua script \"check\" on Secret shop/s: the reason is withheld, for the object is a Secret"}}`},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := ask(t, "lua-health", luaParams(c.source, c.object, c.more)); !strings.HasPrefix(got, c.says) {
				t.Errorf("got      %s\nexpected %s", got, c.says)
			}
		})
	}
}

func TestLuaAction(t *testing.T) {
	discover := fields{"discover": true}
	cases := map[string]struct {
		source string
		more   fields
		says   string
	}{
		"actions by name": {`return {stop = {disabled = obj.spec.size > 3, iconClass = "fa fa-stop"}, go = {}, scale = {params = {{name = "size", default = "1"}}}}`, discover,
			`{"actions":[{"name":"go"},{"name":"scale","params":[{"name":"size","default":"1"}]},{"name":"stop","iconClass":"fa fa-stop"}]}`},
		"an action that is disabled": {`return {stop = {["disabled"] = true}}`, discover, `{"actions":[{"name":"stop","disabled":true}]}`},
		"no actions":                 {`return {}`, discover, `{}`},
		"actions as a list":          {`return {"stop"}`, discover, `{"error":{"code":"EVALUATION_FAILED"`},
		"an object is a patch, and empty maps stay maps": {`obj.spec.size = tonumber(actionParams["size"]); obj.big = nil; return obj`, fields{"parameters": fields{"size": "7"}},
			`{"operations":[{"operation":"patch","resource":{"apiVersion":"example.com/v1","kind":"Widget","metadata":{"generation":4,"labels":{},"name":"w","namespace":"shop"},"spec":{"big":9007199254740992,"options":{},"parts":["a","b"],"ratio":0.5,"size":7},"status":{"observedGeneration":4,"phase":"Running"}}}]}`},
		"a list of operations": {`return {{operation = "create", resource = {apiVersion = "batch/v1", kind = "Job", metadata = {name = "j", labels = {}}}}}`, nil,
			`{"operations":[{"operation":"create","resource":{"apiVersion":"batch/v1","kind":"Job","metadata":{"labels":[],"name":"j"}}}]}`},
		"another operation":       {`return {{operation = "delete", resource = {kind = "Job"}}}`, nil, `{"error":{"code":"EVALUATION_FAILED","message":"Lua script \"check\" on Widget shop/w: operation 1 is \"delete\", expected create or patch"}}`},
		"a resource without kind": {`return {{operation = "create", resource = {a = 1}}}`, nil, `{"error":{"code":"EVALUATION_FAILED","message":"Lua script \"check\" on Widget shop/w: operation 1 has a resource without kind"}}`},
		"nothing returned":        {`local x = 1`, nil, `{"error":{"code":"EVALUATION_FAILED"`},
		"a missing parameter":     {`return {{operation = "create", resource = {kind = actionParams["kind"] or error("kind is required")}}}`, nil, `{"error":{"code":"EVALUATION_FAILED","message":"Lua script \"check\" on Widget shop/w: check:1: kind is required"}}`},
		"a table within itself":   {`local t = {kind = "A"}; t.self = t; return t`, nil, `{"error":{"code":"EVALUATION_FAILED","message":"Lua script \"check\" on Widget shop/w: a table is contained in what is returned more than once, which JSON cannot say"}}`},
		"a list with gaps":        {`return {kind = "A", l = {[1] = 1, [3] = 3}}`, nil, `{"error":{"code":"EVALUATION_FAILED"`},
		"a number without end":    {`return {kind = "A", n = 1/0}`, nil, `{"error":{"code":"EVALUATION_FAILED","message":"Lua script \"check\" on Widget shop/w: a number that is returned is not finite"}}`},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			if got := ask(t, "lua-action", luaParams(c.source, widget, c.more)); !strings.HasPrefix(got, c.says) {
				t.Errorf("got      %s\nexpected %s", got, c.says)
			}
		})
	}
}

func TestCelHealth(t *testing.T) {
	lagging := fields{"apiVersion": "example.com/v1", "kind": "Widget", "metadata": fields{"name": "w", "generation": 5}, "status": fields{"observedGeneration": 4}}
	bare := fields{"apiVersion": "example.com/v1", "kind": "Widget", "metadata": fields{"name": "w"}}
	cases := map[string]struct {
		check, object fields
		says          string
	}{
		"current":                                {fields{"current": "status.phase == 'Running'"}, widget, `{"status":"Current"}`},
		"nothing true is in progress":            {fields{"current": "status.phase == 'Done'"}, widget, `{"status":"InProgress"}`},
		"failed comes before current":            {fields{"current": "true", "failed": "spec.size > 2"}, widget, `{"status":"Failed"}`},
		"inProgress comes before failed":         {fields{"current": "true", "failed": "true", "inProgress": "true"}, widget, `{"status":"InProgress"}`},
		"a generation not seen is in progress":   {fields{"current": "true"}, lagging, `{"status":"InProgress"}`},
		"integers are integers":                  {fields{"current": "metadata.generation % 2 == 0 && type(spec.size) == int && spec.big == 9007199254740993"}, widget, `{"status":"Current"}`},
		"doubles are doubles":                    {fields{"current": "type(spec.ratio) == double"}, widget, `{"status":"Current"}`},
		"optionals and strings":                  {fields{"current": "status.?gone.orValue('x') == 'x' && 'a,b'.split(',').size() == 2"}, widget, `{"status":"Current"}`},
		"a field without status is an error":     {fields{"current": "status.phase == 'Running'"}, bare, `{"error":{"code":"EVALUATION_FAILED","message":"CEL expression current of \"widgets\" on Widget w: no such attribute(s): status.phase"}}`},
		"no boolean is an error":                 {fields{"current": "status.phase"}, widget, `{"error":{"code":"EVALUATION_FAILED","message":"CEL expression current of \"widgets\" on Widget shop/w: it gives string, expected bool"}}`},
		"what does not parse is invalid":         {fields{"current": "true", "failed": "status."}, lagging, `{"error":{"code":"EVALUATION_INVALID","message":"CEL expression failed of \"widgets\" does not compile: ERROR`},
		"no current is invalid":                  {fields{"failed": "true"}, widget, `{"error":{"code":"EVALUATION_INVALID"`},
		"Flux knows no quantity":                 {fields{"current": "quantity('1Gi').isGreaterThan(quantity('1Mi'))"}, widget, `{"error":{"code":"EVALUATION_`},
		"a comprehension without end is stopped": {fields{"current": endless}, widget, `{"error":{"code":"EVALUATION_TIMEOUT","message":"CEL expression current of \"widgets\" on Widget shop/w: it takes longer than 1s"}}`},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			c.check["name"] = "widgets"
			params := fields{"checks": []any{c.check}, "objects": []any{c.object}, "runs": []any{fields{"check": 0, "object": 0}}}
			if got := ask(t, "cel-health", params); !strings.HasPrefix(got, c.says) {
				t.Errorf("got      %s\nexpected %s", got, c.says)
			}
		})
	}
}

// endless has 10^10 steps.
var endless = func() string {
	list, expression := "["+strings.TrimSuffix(strings.Repeat("1,", 100), ",")+"]", "false"
	for _, name := range []string{"a", "b", "c", "d", "e"} {
		expression = list + ".exists(" + name + ", " + expression + ")"
	}
	return expression
}()

func TestCondition(t *testing.T) {
	cases := map[string]struct {
		condition fields
		says      string
	}{
		"true of two objects":               {fields{"expression": "dep.metadata.name == 's' && self.spec.size == 3"}, `{"value":true}`},
		"false":                             {fields{"expression": "self.spec.size == 4"}, `{"value":false}`},
		"what is no boolean is invalid":     {fields{"expression": "self.spec.size"}, `{"value":false,"error":{"code":"EVALUATION_INVALID","message":"CEL expression \"ready\" does not compile: it gives dyn, expected bool"}}`},
		"another variable is invalid":       {fields{"expression": "other.a == 1"}, `{"value":false,"error":{"code":"EVALUATION_INVALID"`},
		"a missing field is an error":       {fields{"expression": "self.status.gone == 1", "variables": []any{"self"}}, `{"value":false,"error":{"code":"EVALUATION_FAILED","message":"CEL expression \"ready\" on Widget shop/w: no such key: gone"}}`},
		"an error beside a Secret is vague": {fields{"expression": "self.status.gone == dep.data.password"}, `{"value":false,"error":{"code":"EVALUATION_FAILED","message":"CEL expression \"ready\" on Secret shop/s: the reason is withheld`},
		"the API server's libraries":        {fields{"libraries": "kubernetes", "expression": "quantity('1Gi').isGreaterThan(quantity('1Mi')) && isURL('https://a') && ip.isCanonical('::1') && semver('1.2.3').major() == 1 && 'ab'.find('b') == 'b' && [1, 2].sum() == 3 && format.dns1123Label().validate('a') == optional.none() && self.spec.parts.exists(i, p, i == 1 && p == 'b')"}, `{"value":true}`},
		"other libraries":                   {fields{"libraries": "all", "expression": "true"}, `{"value":false,"error":{"code":"EVALUATION_INVALID"`},
		"an unbound variable":               {fields{"expression": "true", "variables": []any{"self", "third"}}, `{"value":false,"error":{"code":"EVALUATION_FAILED","message":"CEL expression \"ready\" got no object for third"}}`},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			c.condition["name"] = "ready"
			if c.condition["variables"] == nil {
				c.condition["variables"] = []any{"self", "dep"}
			}
			run := fields{"condition": 0, "bindings": fields{"self": 0, "dep": 1}}
			got := ask(t, "cel", fields{"conditions": []any{c.condition}, "objects": []any{widget, secret}, "runs": []any{run}})
			if !strings.HasPrefix(got, c.says) {
				t.Errorf("got      %s\nexpected %s", got, c.says)
			}
		})
	}
}

func TestJqDelete(t *testing.T) {
	small := fields{"kind": "W", "metadata": fields{"name": "w"}, "a": []any{fields{"n": "x", "v": 1}, fields{"n": "y", "v": 9007199254740993}}, "f": 1.0}
	whole := `"a":[{"n":"x","v":1},{"n":"y","v":9007199254740993}],"f":1,"kind":"W","metadata":{"name":"w"}`
	cases := map[string]struct {
		expressions []any
		object      fields
		says        string
	}{
		"a field":                       {[]any{".metadata.name"}, small, `{"object":{"a":[{"n":"x","v":1},{"n":"y","v":9007199254740993}],"f":1,"kind":"W","metadata":{}},"expressions":[{"paths":[["metadata","name"]]}]}`},
		"items of a list":               {[]any{`.a[] | select(.n == "x")`}, small, `{"object":{"a":[{"n":"y","v":9007199254740993}],"f":1,"kind":"W","metadata":{"name":"w"}},"expressions":[{"paths":[["a",0]]}]}`},
		"one after the other":           {[]any{".a[0]", ".a[0]"}, small, `{"object":{"a":[],"f":1,"kind":"W","metadata":{"name":"w"}},"expressions":[{"paths":[["a",0]]},{"paths":[["a",0]]}]}`},
		"what is not there":             {[]any{".spec.x.y"}, small, `{"object":{` + whole + `},"expressions":[{"paths":[["spec","x","y"]]}]}`},
		"one that fails lets others be": {[]any{".kind[]", ".f"}, small, `{"object":{"a":[{"n":"x","v":1},{"n":"y","v":9007199254740993}],"kind":"W","metadata":{"name":"w"}},"expressions":[{"paths":null,"error":{"code":"EVALUATION_FAILED","message":"jq expression \".kind[]\" on W w: `},
		"no path is an error":           {[]any{"1"}, small, `{"object":{` + whole + `},"expressions":[{"paths":null,"error":{"code":"EVALUATION_FAILED"`},
		"what does not parse":           {[]any{".a["}, small, `{"object":{` + whole + `},"expressions":[{"paths":null,"error":{"code":"EVALUATION_INVALID","message":"jq expression \".a[\" does not compile: `},
		"a loop ends after a second":    {[]any{"last(range(1e18)) | empty"}, small, `{"object":{` + whole + `},"expressions":[{"paths":null,"error":{"code":"EVALUATION_TIMEOUT"`},
		"the environment is empty":      {[]any{`select($ENV | length > 0) | .f`}, small, `{"object":{` + whole + `},"expressions":[{"paths":[]}]}`},
		"a Secret's reason is withheld": {[]any{".data.password[]"}, secret, `{"object":{"apiVersion":"v1","data":{"password":"aHVudGVyMjI="},"kind":"Secret","metadata":{"name":"s","namespace":"shop"}},"expressions":[{"paths":null,"error":{"code":"EVALUATION_FAILED","message":"jq expression \".data.password[]\" on Secret shop/s: the reason is withheld, for the object is a Secret"}}]}`},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			params := fields{"objects": []any{c.object}, "runs": []any{fields{"object": 0, "expressions": c.expressions}}}
			if got := ask(t, "jq-delete", params); !strings.HasPrefix(got, c.says) {
				t.Errorf("got      %s\nexpected %s", got, c.says)
			}
		})
	}
}

func TestMalformed(t *testing.T) {
	cases := map[string]struct {
		method string
		params any
		says   string
	}{
		"an unknown method":    {"lua", fields{}, "METHOD_UNKNOWN"},
		"params of other type": {"jq-delete", fields{"runs": "x"}, "PARAMS_INVALID params of jq-delete are malformed: runs is a string"},
		"no such object":       {"jq-delete", fields{"runs": []any{fields{"object": 1}}}, "PARAMS_INVALID run refers to object 1, the message has 0"},
		"no such script":       {"lua-health", fields{"objects": []any{widget}, "runs": []any{fields{"object": 0}}}, "PARAMS_INVALID run refers to script 0"},
		"an object that is none": {"lua-health", fields{"scripts": []any{fields{}}, "objects": []any{7}, "runs": []any{fields{}}},
			`{"error":{"code":"PARAMS_INVALID","message":"object of the message is no JSON object"}}`},
		"too many runs": {"cel", fields{"runs": make([]fields, maxRuns+1)}, "PARAMS_INVALID message has 10001 runs"},
		"nothing to do": {"cel", fields{}, ""},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			if got := ask(t, c.method, c.params); !strings.HasPrefix(got, c.says) {
				t.Errorf("got      %s\nexpected %s", got, c.says)
			}
		})
	}
}

func TestBudget(t *testing.T) {
	loop := fields{"name": "loop", "source": "while true do end"}
	fine := fields{"name": "fine", "source": "return {status = 'Healthy'}"}
	run := func(script int) fields { return fields{"script": script, "object": 0} }
	got := ask(t, "lua-health", fields{
		"scripts": []any{loop, fine}, "objects": []any{widget}, "budgetMs": 2_500,
		"runs": []any{run(0), run(0), run(0), run(1)},
	})
	for i, part := range []string{"longer than 1s\"", "longer than 1s\"", "on 2 objects before", `{"status":"Healthy"}`} {
		if at := strings.Index(got, part); at < 0 {
			t.Fatalf("result %d: expected %s in %s", i, part, got)
		} else {
			got = got[at+len(part):]
		}
	}
	got = ask(t, "lua-health", fields{
		"scripts": []any{loop, fine}, "objects": []any{widget}, "budgetMs": 500, "runs": []any{run(0), run(1)},
	})
	if !strings.Contains(got, "its turn did not come") {
		t.Errorf("got %s", got)
	}
}

// TestStuck comes last: what it starts cannot be ended.
func TestStuck(t *testing.T) {
	run := func(script int) fields { return fields{"script": script, "object": 0} }
	got := ask(t, "lua-health", fields{
		"scripts": []any{
			fields{"name": "fine", "source": "return {status = 'Healthy'}"},
			fields{"name": "stuck", "source": `return string.find(string.rep("a", 400000), ".-.-.-.-b")`, "openLibs": true},
		},
		"objects": []any{widget}, "runs": []any{run(0), run(1), run(0)},
	})
	says := `{"status":"Healthy"},{"error":{"code":"EVALUATION_TIMEOUT","message":"it does not end within 2.5s, nor when it is told to"}}]} and ends`
	if got != says {
		t.Errorf("got %s", got)
	}
}
