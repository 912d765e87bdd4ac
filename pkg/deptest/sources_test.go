package deptest_test

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const maxLines = 400

// source is one Go file of the repository.
type source struct {
	path      string // from the root
	pkg       string // import path of its folder
	test      bool
	generated bool
	lines     int
	comment   bool // it has a package comment
	imports   []string
	clock     []token.Position // what asks the clock, or waits by it
	failed    []token.Position // errors that begin with "failed to" or the like
}

// sources reads every Go file of the workspace.
func sources(t *testing.T) []source {
	t.Helper()
	_, self, _, _ := runtime.Caller(0)
	root := filepath.Dir(filepath.Dir(filepath.Dir(self)))
	var out []source
	for _, module := range []string{"schemas", "pkg", "services"} {
		err := filepath.WalkDir(filepath.Join(root, module), func(p string, d fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			if d.IsDir() && (d.Name() == "testdata" || d.Name() == "node_modules") {
				return filepath.SkipDir
			}
			if filepath.Ext(p) == ".go" {
				rel, err := filepath.Rel(root, p)
				if err != nil {
					return err
				}
				out = append(out, read(t, p, filepath.ToSlash(rel)))
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return out
}

func read(t *testing.T, file, rel string) source {
	t.Helper()
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	set := token.NewFileSet()
	f, err := parser.ParseFile(set, rel, raw, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	s := source{
		path: rel, pkg: "rcu/" + path.Dir(rel), test: strings.HasSuffix(rel, "_test.go"),
		generated: ast.IsGenerated(f), lines: bytes.Count(raw, []byte("\n")), comment: f.Doc != nil,
	}
	for _, i := range f.Imports {
		p, err := strconv.Unquote(i.Path.Value)
		if err != nil {
			t.Fatal(err)
		}
		s.imports = append(s.imports, p)
	}
	ast.Inspect(f, func(n ast.Node) bool {
		if call, ok := n.(*ast.CallExpr); ok && !s.test && isBadError(call) {
			s.failed = append(s.failed, set.Position(n.Pos()))
		}
		if isClock(n) {
			s.clock = append(s.clock, set.Position(n.Pos()))
		}
		return true
	})
	return s
}

// clocks are the functions of package time that ask the clock, or wait by it.
var clocks = []string{"Now", "Since", "Until", "Sleep", "After", "AfterFunc", "Tick", "NewTimer", "NewTicker"}

// isClock reports whether a node names one of them.
func isClock(n ast.Node) bool {
	sel, ok := n.(*ast.SelectorExpr)
	if !ok || !slices.Contains(clocks, sel.Sel.Name) {
		return false
	}
	x, ok := sel.X.(*ast.Ident)
	return ok && x.Name == "time"
}

var badError = regexp.MustCompile(`^"(failed to|could not|unable to|error) `)

// isBadError reports whether a call makes an error whose text begins with a word that says nothing.
func isBadError(call *ast.CallExpr) bool {
	sel, ok := call.Fun.(*ast.SelectorExpr)
	if !ok || len(call.Args) == 0 || (sel.Sel.Name != "New" && sel.Sel.Name != "Errorf") {
		return false
	}
	text, ok := call.Args[0].(*ast.BasicLit)
	return ok && text.Kind == token.STRING && badError.MatchString(text.Value)
}

func TestFilesAreShort(t *testing.T) {
	for _, f := range sources(t) {
		if !f.generated && f.lines > maxLines {
			t.Errorf("%s has %d lines, more than %d", f.path, f.lines, maxLines)
		}
	}
}

func TestPackagesSayWhatTheyOwn(t *testing.T) {
	commented, seen := map[string]bool{}, map[string]string{}
	for _, f := range sources(t) {
		if f.test || f.generated {
			continue
		}
		seen[f.pkg] = f.path
		if f.comment {
			commented[f.pkg] = true
		}
	}
	for pkg := range seen {
		if !commented[pkg] {
			t.Errorf("%s has no package comment", pkg)
		}
	}
}

func TestDomainHasNoClock(t *testing.T) {
	for _, f := range sources(t) {
		if f.test || !isDomain(f.pkg) {
			continue
		}
		for _, at := range f.clock {
			t.Errorf("%s: a domain package gets the time as an argument", at)
		}
	}
}

func TestClocksAreSeen(t *testing.T) {
	for text, want := range map[string]bool{
		"time.Now()": true, "time.Since(t)": true, "f(time.Now)": true, "time.NewTicker(d)": true,
		"time.Unix(0, 0)": false, "clock.Now()": false, "t.After(u)": false, "time.Duration(1)": false,
	} {
		f, err := parser.ParseExpr(text)
		if err != nil {
			t.Fatal(err)
		}
		seen := false
		ast.Inspect(f, func(n ast.Node) bool { seen = seen || isClock(n); return true })
		if seen != want {
			t.Errorf("%s: seen as a clock %v, want %v", text, seen, want)
		}
	}
}

func isDomain(pkg string) bool { return slices.Contains(domain, pkg) }

// TestErrorsSayWhatWasDone holds the house's form of errors: a gerund or a state, never "failed to".
func TestErrorsSayWhatWasDone(t *testing.T) {
	for _, f := range sources(t) {
		for _, at := range f.failed {
			t.Errorf(`%s: say what was being done ("reading the list: ...") in place of "failed to", "could not" or "unable to"`, at)
		}
	}
}
