package objects

// maxPrograms bounds a cache of compiled scripts or expressions. A fleet uses some hundred.
const maxPrograms = 1_000

// Programs keeps what sources were compiled to, errors too; a full cache starts anew.
type Programs[T any] struct {
	kept map[string]compiled[T]
}

type compiled[T any] struct {
	program T
	err     error
}

// Compile gives the program of a source, and calls compile at most once for it while it is kept.
func (p *Programs[T]) Compile(key string, compile func() (T, error)) (T, error) {
	if found, ok := p.kept[key]; ok {
		return found.program, found.err
	}
	if p.kept == nil || len(p.kept) >= maxPrograms {
		p.kept = map[string]compiled[T]{}
	}
	program, err := compile()
	p.kept[key] = compiled[T]{program, err}
	return program, err
}
