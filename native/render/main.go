// Command render evaluates Helm charts, kustomizations and plain directories for weir.
//
// It is asked over stdin and answers over stdout, one length-prefixed JSON frame at a time; logs go to stderr. It has no
// network code in use, reads nothing but the snapshots it is given, and ends when stdin does.
package main

import (
	"fmt"
	"log/slog"
	"os"

	"weir.dev/native/render/helm"
	"weir.dev/native/render/kustomize"
	"weir.dev/native/render/render"
	"weir.dev/native/render/wire"
	"weir.dev/native/stdio"
)

func main() {
	kustomize.DisableNetwork()
	slog.SetDefault(slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelError})))
	stdio.Main(program())
}

func program() stdio.Program {
	service := render.NewService(func(text string) { fmt.Fprintln(os.Stderr, text) })
	return stdio.Program{
		Role:     "render",
		Protocol: wire.Protocol,
		Evaluators: map[string]string{
			"helm":          stdio.Linked("helm.sh/helm/v4", helm.Version),
			"kustomize":     stdio.Linked("sigs.k8s.io/kustomize/api", "unknown"),
			"fluxKustomize": kustomize.FluxKustomize,
		},
		Handle: service.Handle,
	}
}
