package config

import (
	"errors"
	"fmt"
	"regexp"
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

// ownPath is how an error of a part begins that names a setting of it: "tls.ca_file: reading ...".
var ownPath = regexp.MustCompile(`^([a-z0-9_.\[\]]+): (?s:(.*))$`)

// Under adds the problems of a part, each with the part's path before its own; of joined errors each is a problem, and an error of another
// kind becomes one.
func (p *Problems) Under(path string, err error) {
	if err == nil {
		return
	}
	if joined, ok := err.(interface{ Unwrap() []error }); ok { // a join that is wrapped is one sentence
		for _, e := range joined.Unwrap() {
			p.underJoined(path, e)
		}
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

func (p *Problems) underJoined(path string, err error) {
	var inner *Error
	if at := ownPath.FindStringSubmatch(err.Error()); at != nil && !errors.As(err, &inner) {
		p.list = append(p.list, Problem{Path: join(path, at[1]), Reason: at[2]})
		return
	}
	p.Under(path, err)
}

// Once drops a problem of a field that has one already: what could not be read is not missing as well, and what two checks found is told once.
func (p *Problems) Once() {
	seen := map[string]bool{}
	p.list = slices.DeleteFunc(p.list, func(q Problem) bool {
		key := q.Path
		if key == "" {
			key = "\n" + q.Reason
		}
		again := seen[key]
		seen[key] = true
		return again
	})
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
