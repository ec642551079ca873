// Command render evaluates Helm charts, kustomizations and plain directories for weir.
//
// It is asked over stdin and answers over stdout, one length-prefixed JSON frame at a time; logs go to stderr. It has no
// network code in use, reads nothing but the snapshots it is given, and ends when stdin does.
package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"runtime/debug"
	"time"

	"weir.dev/native/render/helm"
	"weir.dev/native/render/kustomize"
	"weir.dev/native/render/render"
	"weir.dev/native/render/wire"
)

// defaultMemoryLimit makes the collector work before the parent's limit on resident memory ends the process.
const defaultMemoryLimit = 400 << 20

func main() {
	// Kustomize runs `git` and sprig reads the environment: there is nothing to find.
	limit := os.Getenv("GOMEMLIMIT")
	os.Clearenv()
	if limit == "" {
		debug.SetMemoryLimit(defaultMemoryLimit)
	}
	kustomize.DisableNetwork()
	slog.SetDefault(slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelError})))
	protocol := os.Stdout
	os.Stdout = os.Stderr // a library that prints must not break the protocol
	if err := serve(os.Stdin, protocol, leaveSoon); err != nil {
		fmt.Fprintln(os.Stderr, "render:", err)
		os.Exit(1)
	}
}

// serve answers until stdin ends; orphaned is called at that moment, also while an evaluator is busy.
func serve(stdin io.Reader, stdout io.Writer, orphaned func()) error {
	in, out := bufio.NewReaderSize(stdin, 1<<16), bufio.NewWriterSize(stdout, 1<<16)
	if err := wire.WriteFrame(out, hello(), nil); err != nil {
		return err
	}
	service := render.NewService(func(text string) { fmt.Fprintln(os.Stderr, text) })
	for frame := range frames(in, orphaned) {
		var response wire.Response
		switch {
		case errors.Is(frame.err, wire.ErrFrameTooLarge):
			response.Error = wire.Fail(wire.FrameTooLarge, "%s", wire.ErrFrameTooLarge.Error())
		case frame.err != nil:
			return frame.err
		default:
			response = answer(service, frame.body)
		}
		if err := wire.WriteFrame(out, response, tooLarge(response.ID)); err != nil {
			return err
		}
	}
	return nil
}

// lastAnswerGrace is how long a rendering may go on once nobody can ask any more.
const lastAnswerGrace = 5 * time.Second

func leaveSoon() { time.AfterFunc(lastAnswerGrace, func() { os.Exit(0) }) }

type frame struct {
	body []byte
	err  error
}

// frames reads ahead by one frame, so that the end of stdin is seen while an evaluator is busy: a template that never ends
// must not outlive the parent.
func frames(in *bufio.Reader, orphaned func()) <-chan frame {
	read := make(chan frame)
	go func() {
		defer close(read)
		for {
			body, err := wire.ReadFrame(in)
			if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
				orphaned()
				return
			}
			read <- frame{body: body, err: err}
		}
	}()
	return read
}

func answer(service *render.Service, body []byte) wire.Response {
	var request wire.Request
	if err := json.Unmarshal(body, &request); err != nil {
		return wire.Response{Error: wire.Fail(wire.FrameInvalid, "frame is not a request: %v", err)}
	}
	return service.Handle(request)
}

func tooLarge(id int64) func(int) any {
	return func(size int) any {
		return wire.Response{ID: id, Error: wire.Fail(wire.OutputTooLarge, "answer has %d bytes, a frame at most %d", size, wire.MaxFrame)}
	}
}

func hello() wire.Hello {
	return wire.Hello{
		Type:     "hello",
		Protocol: wire.Protocol,
		Role:     "render",
		Evaluators: wire.Evaluators{
			Helm:          linked("helm.sh/helm/v4", helm.Version),
			Kustomize:     linked("sigs.k8s.io/kustomize/api", "unknown"),
			FluxKustomize: kustomize.FluxKustomize,
		},
	}
}

// linked is the version of a module in this very binary.
func linked(module, fallback string) string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return fallback
	}
	for _, dep := range info.Deps {
		if dep.Path == module {
			return dep.Version
		}
	}
	return fallback
}
