// Command testtable reads `go test -json` on stdin and prints what a person wants to see: the output of what failed, each
// package with its time, a table of suites and backends that ran or were skipped, and the tests that took longest.
//
// A test says by which backend it ran in a line of testkit (`testkit: backend=redis from=embedded`), or why it did not.
// The exit code is 1 when anything failed, or when nothing ran.
package main

import (
	"bufio"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"sort"
	"strings"
)

// event is one line of go test -json.
type event struct {
	Action  string
	Package string
	Test    string
	Output  string
	Elapsed float64
}

// suite is what is known of one package.
type suite struct {
	passed, failed, skipped int
	seconds                 float64
	ended                   string         // pass, fail, skip
	ran                     map[string]int // backend -> tests
	missing                 map[string]int // backend -> tests that were skipped for it
	output                  map[string][]string
}

// took is how long a test ran.
type took struct {
	pkg, test string
	seconds   float64
}

const (
	slowest     = 15  // tests that are named at the end, at most
	slowSeconds = 3.0 // what a test takes at least to be named
)

// report gathers the suites.
type report struct {
	suites map[string]*suite
	slow   []took
}

func main() {
	r := report{suites: map[string]*suite{}}
	if err := r.read(os.Stdin, os.Stdout); err != nil {
		_, _ = fmt.Fprintln(os.Stderr, "testtable:", err)
		os.Exit(1)
	}
	if !r.print(os.Stdout) {
		os.Exit(1)
	}
}

func (r *report) read(in io.Reader, out io.Writer) error {
	lines := bufio.NewScanner(in)
	lines.Buffer(make([]byte, 1<<20), 64<<20)
	for lines.Scan() {
		var e event
		if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
			_, _ = fmt.Fprintln(out, lines.Text()) // a line of the build
			continue
		}
		if e.Package == "" {
			_, _ = io.WriteString(out, e.Output)
			continue
		}
		r.add(e, out)
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("reading the events: %w", err)
	}
	return nil
}

func (r *report) add(e event, out io.Writer) {
	s := r.suites[e.Package]
	if s == nil {
		s = &suite{ran: map[string]int{}, missing: map[string]int{}, output: map[string][]string{}}
		r.suites[e.Package] = s
	}
	switch e.Action {
	case "output", "build-output":
		s.output[e.Test] = append(s.output[e.Test], e.Output)
		s.note(e)
	case "pass", "fail", "skip":
		if e.Test == "" {
			s.ended, s.seconds = e.Action, e.Elapsed
			s.line(e, out)
			return
		}
		switch e.Action {
		case "pass":
			s.passed++
		case "fail":
			s.failed++
			_, _ = fmt.Fprintf(out, "--- %s %s\n%s", e.Package, e.Test, strings.Join(s.output[e.Test], ""))
		case "skip":
			s.skipped++
		}
		delete(s.output, e.Test)
		if e.Elapsed >= slowSeconds && !strings.Contains(e.Test, "/") {
			r.slow = append(r.slow, took{e.Package, e.Test, e.Elapsed})
		}
	}
}

// note reads the lines of testkit.
func (s *suite) note(e event) {
	if _, rest, ok := strings.Cut(e.Output, "testkit: backend="); ok {
		backend, _, _ := strings.Cut(rest, " ")
		s.ran[backend]++
	}
	if _, rest, ok := strings.Cut(e.Output, "testkit: no "); ok {
		backend, _, _ := strings.Cut(rest, ":")
		s.missing[backend]++
	}
	if strings.Contains(e.Output, "testkit: long tier") {
		s.missing["long"]++
	}
}

func (s *suite) line(e event, out io.Writer) {
	word := map[string]string{"pass": "ok", "fail": "FAIL", "skip": "-"}[e.Action]
	_, _ = fmt.Fprintf(out, "%-5s %-45s %7.1fs\n", word, e.Package, e.Elapsed)
	if e.Action == "fail" && s.failed == 0 { // it did not build, or ended outside a test
		_, _ = io.WriteString(out, strings.Join(s.output[""], ""))
	}
}

// print writes the table and the closing line, and reports whether all is well.
func (r *report) print(out io.Writer) bool {
	names := make([]string, 0, len(r.suites))
	var passed, failed, skipped int
	for name, s := range r.suites {
		names = append(names, name)
		passed, skipped = passed+s.passed, skipped+s.skipped
		failed += s.failed
		if s.ended == "fail" && s.failed == 0 {
			failed++
		}
	}
	sort.Strings(names)
	_, _ = fmt.Fprintf(out, "\n%-45s %-12s %6s %8s\n", "suite", "backend", "ran", "skipped")
	for _, name := range names {
		r.suites[name].rows(name, out)
	}
	r.printSlow(out)
	_, _ = fmt.Fprintf(out, "\n%d passed, %d failed, %d skipped\n", passed, failed, skipped)
	return failed == 0 && passed > 0
}

// printSlow names the tests that took longest.
func (r *report) printSlow(out io.Writer) {
	if len(r.slow) == 0 {
		return
	}
	slices.SortFunc(r.slow, func(a, b took) int { return cmp.Compare(b.seconds, a.seconds) })
	_, _ = fmt.Fprintln(out, "\nslowest")
	for _, t := range r.slow[:min(slowest, len(r.slow))] {
		_, _ = fmt.Fprintf(out, "%7.1fs %-38s %s\n", t.seconds, t.pkg, t.test)
	}
}

func (s *suite) rows(name string, out io.Writer) {
	if s.passed+s.failed+s.skipped == 0 && s.ended != "fail" {
		return // no tests
	}
	backends := map[string]bool{}
	for b := range s.ran {
		backends[b] = true
	}
	for b := range s.missing {
		backends[b] = true
	}
	if len(backends) == 0 {
		_, _ = fmt.Fprintf(out, "%-45s %-12s %6d %8d\n", name, "-", s.passed+s.failed, s.skipped)
		return
	}
	sorted := make([]string, 0, len(backends))
	for b := range backends {
		sorted = append(sorted, b)
	}
	sort.Strings(sorted)
	for _, b := range sorted {
		_, _ = fmt.Fprintf(out, "%-45s %-12s %6d %8d\n", name, b, s.ran[b], s.missing[b])
		name = ""
	}
}
