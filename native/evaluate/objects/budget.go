package objects

import (
	"context"
	"fmt"
	"time"
)

// RunLimit is what one script or expression gets for one object, as in Argo CD.
const RunLimit = time.Second

// maxTimeouts is how often one script may run into its limit within a request: the third object would hardly fare better,
// and every other script waits for it.
const maxTimeouts = 2

// defaultBudget bounds a request that states no budget of its own.
const defaultBudget = 20 * time.Second

// Budget is the time of one request, shared by its runs.
type Budget struct {
	deadline time.Time
	timeouts map[string]int
}

// NewBudget starts now.
func NewBudget(budgetMs int64) *Budget {
	budget := time.Duration(budgetMs) * time.Millisecond
	if budget <= 0 {
		budget = defaultBudget
	}
	return &Budget{deadline: time.Now().Add(budget), timeouts: map[string]int{}}
}

// Spent says why the script must not be run any more in this request; "" where it may.
func (b *Budget) Spent(script string) string {
	if b.timeouts[script] >= maxTimeouts {
		return fmt.Sprintf("it was not run, for it took longer than %v on %d objects before", RunLimit, maxTimeouts)
	}
	if time.Now().After(b.deadline) {
		return "its turn did not come, for the others of its batch took too long"
	}
	return ""
}

// Start gives a run its limit.
func (b *Budget) Start() (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.Background(), RunLimit)
}

// TimedOut tells whether the run of the script ran into its limit, and remembers that.
func (b *Budget) TimedOut(ctx context.Context, script string) bool {
	if ctx.Err() == nil {
		return false
	}
	b.timeouts[script]++
	return true
}
