package service

import (
	"runtime/debug"
	"sync"
	"time"

	"weir.dev/native/evaluate/objects"
	"weir.dev/native/evaluate/wire"
	"weir.dev/native/stdio"
)

// maxRuns bounds a message.
const maxRuns = 10_000

// stuckAfter is when a run is given up that does not see its own limit: matching a pattern is one step to gopher-lua.
const stuckAfter = 2*objects.RunLimit + objects.RunLimit/2

const lookEvery = 100 * time.Millisecond

// outcome is the results of a message's runs.
type outcome interface{ stopped() bool }

// results is what every answer is: the outcome of each run, in their order. Where one is stuck it is the last of them, and
// the answer the last of the program.
type results[T any] struct {
	Results []T `json:"results"`
	stuck   bool
}

func (r results[T]) stopped() bool { return r.stuck }

// progress is shared by who evaluates and who looks at the clock.
type progress[T any] struct {
	sync.Mutex
	done  []T
	since time.Time
}

func (p *progress[T]) add(answer T) {
	p.Lock()
	defer p.Unlock()
	p.done, p.since = append(p.done, answer), time.Now()
}

// stuck gives what is done where the run after it takes too long.
func (p *progress[T]) stuck() ([]T, bool) {
	p.Lock()
	defer p.Unlock()
	return p.done[:len(p.done):len(p.done)], time.Since(p.since) > stuckAfter
}

// each evaluates run after run; a panic is the failure of one run, a malformed message that of all.
func each[R, T any](s *Service, runs []R, evaluate func(R) (T, error), failed func(*wire.Failure) T) (outcome, error) {
	if len(runs) > maxRuns {
		return nil, stdio.Fail(stdio.ParamsInvalid, "message has %d runs, at most %d are taken", len(runs), maxRuns)
	}
	state := &progress[T]{done: make([]T, 0, len(runs)), since: time.Now()}
	ended := make(chan error, 1)
	go func() {
		for _, run := range runs {
			answer, err := guarded(s, run, evaluate, failed)
			if err != nil {
				ended <- err
				return
			}
			state.add(answer)
		}
		ended <- nil
	}()
	look := time.NewTicker(lookEvery)
	defer look.Stop()
	for {
		select {
		case err := <-ended:
			return results[T]{Results: state.done}, err
		case <-look.C:
			if done, stuck := state.stuck(); stuck {
				failure := stdio.Fail(wire.Timeout, "it does not end within %v, nor when it is told to", stuckAfter)
				return results[T]{Results: append(done, failed(failure)), stuck: true}, nil
			}
		}
	}
}

func guarded[R, T any](s *Service, run R, evaluate func(R) (T, error), failed func(*wire.Failure) T) (answer T, err error) {
	defer func() {
		if r := recover(); r != nil {
			s.log(string(debug.Stack()))
			// The panic's own words may quote a value.
			answer = failed(stdio.Fail(stdio.EvaluatorPanicked, "evaluator panicked; its log has the stack"))
		}
	}()
	return evaluate(run)
}
