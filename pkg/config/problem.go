package config

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Problem is one thing wrong with a configuration.
type Problem struct {
	Path   string // dotted path of the field
	Reason string
}

func (p Problem) String() string {
	if p.Path == "" {
		return p.Reason
	}
	return p.Path + ": " + p.Reason
}

// Problems collects all that is wrong. The zero value is ready to use.
type Problems struct{ list []Problem }

// Add notes one problem: p.Add("kafka.brokers", "is required").
func (p *Problems) Add(path, format string, args ...any) {
	p.list = append(p.list, Problem{Path: path, Reason: fmt.Sprintf(format, args...)})
}

// Require notes a problem unless ok.
func (p *Problems) Require(ok bool, path, format string, args ...any) {
	if !ok {
		p.Add(path, format, args...)
	}
}

// Under adds the problems of a part, each with the part's path before its own; an error of another kind becomes one
// problem.
func (p *Problems) Under(path string, err error) {
	if err == nil {
		return
	}
	var inner *Error
	if !errors.As(err, &inner) {
		p.list = append(p.list, Problem{Path: path, Reason: err.Error()})
		return
	}
	for _, q := range inner.Problems {
		p.list = append(p.list, Problem{Path: join(path, q.Path), Reason: q.Reason})
	}
}

// Err is nil when nothing was added, else an *Error.
func (p *Problems) Err() error {
	if len(p.list) == 0 {
		return nil
	}
	return &Error{Problems: slices.Clone(p.list)}
}

// Error is a configuration that cannot be used; it tells every problem, one a line.
type Error struct{ Problems []Problem }

func (e *Error) Error() string {
	lines := make([]string, 0, len(e.Problems))
	for _, p := range e.Problems {
		lines = append(lines, p.String())
	}
	return strings.Join(lines, "\n")
}

func join(a, b string) string {
	switch {
	case a == "":
		return b
	case b == "":
		return a
	default:
		return a + "." + b
	}
}
