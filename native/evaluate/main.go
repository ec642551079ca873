// Command evaluate runs the small languages inside custom resources for weir: Lua, CEL and jq, and makes three-way patches.
//
// It is asked over stdin and answers over stdout, one length-prefixed JSON frame at a time; logs go to stderr. It has no
// file, no network and no environment to give to a script, and ends when stdin does.
package main

import (
	"fmt"
	"os"
	"runtime/debug"

	"weir.dev/native/evaluate/service"
	"weir.dev/native/evaluate/wire"
	"weir.dev/native/stdio"
)

// maxStack ends the process on a recursion that no library bounds, long before it has used up the memory.
const maxStack = 128 << 20

func main() {
	debug.SetMaxStack(maxStack)
	stdio.Main(program())
}

func program() stdio.Program {
	evaluators := service.New(func(text string) { fmt.Fprintln(os.Stderr, text) })
	return stdio.Program{
		Role:     "evaluate",
		Protocol: wire.Protocol,
		Evaluators: map[string]string{
			"lua":        stdio.Linked("github.com/yuin/gopher-lua", "unknown"),
			"cel":        stdio.Linked("github.com/google/cel-go", "unknown"),
			"kubernetes": stdio.Linked("k8s.io/apimachinery", "unknown"),
			"jq":         stdio.Linked("github.com/itchyny/gojq", "unknown"),
		},
		Handle: evaluators.Handle,
	}
}
