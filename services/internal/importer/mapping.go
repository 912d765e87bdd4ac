package importer

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"github.com/expr-lang/expr/vm"

	"rcu/pkg/yamlfile"
)

// Formats of files.
const (
	FormatCSV   = "csv"
	FormatJSONL = "jsonl"
	FormatJSON  = "json"
)

// mappingFile is a mapping as written. Expressions start with "=".
type mappingFile struct {
	Name     string                `yaml:"name"`
	About    string                `yaml:"about"`
	Format   string                `yaml:"format"`
	Comma    string                `yaml:"comma"`
	Trim     bool                  `yaml:"trim"`
	Path     string                `yaml:"path"`
	Zone     string                `yaml:"zone"`
	Currency string                `yaml:"currency"`
	Vars     map[string]string     `yaml:"vars"`
	Lookups  map[string]lookupFile `yaml:"lookups"`
	Distinct []distinctFile        `yaml:"distinct"`
	Skip     []skipFile            `yaml:"skip"`
	Group    *groupFile            `yaml:"group"`
	Events   []eventFile           `yaml:"events"`
}

type lookupFile struct {
	File    string   `yaml:"file"`
	Path    string   `yaml:"path"`
	Key     string   `yaml:"key"`
	Least   string   `yaml:"least"`
	Columns []string `yaml:"columns"`
}

type distinctFile struct {
	Rows  bool   `yaml:"rows"`
	By    string `yaml:"by"`
	Least string `yaml:"least"`
	When  string `yaml:"when"`
}

type skipFile struct {
	When   string `yaml:"when"`
	Reason string `yaml:"reason"`
}

type groupFile struct {
	By      string     `yaml:"by"`
	Sorted  bool       `yaml:"sorted"`
	MaxRows int        `yaml:"max_rows"`
	Skip    []skipFile `yaml:"skip"`
}

type eventFile struct {
	When  string         `yaml:"when"`
	Each  string         `yaml:"each"`
	Event map[string]any `yaml:"event"`
}

// Mapping says how the rows of one kind of file become events. It is safe for use by one goroutine at a time.
type Mapping struct {
	name     string
	digest   string
	file     mappingFile
	zone     *time.Location
	distinct []distinctStep
	skips    []skipStep
	group    *groupStep
	events   []eventStep
	fn       *functions
	reads    []column // of rows
	plain    bool     // every line is an event
}

type distinctStep struct {
	rows            bool
	by, least, when *vm.Program
}

type skipStep struct {
	when   *vm.Program
	reason string
}

type groupStep struct {
	by      *vm.Program
	sorted  bool
	maxRows int
	skips   []skipStep
}

type eventStep struct {
	when, each *vm.Program
	tree       node
}

// defaultGroupRows is the limit of rows in one group where the mapping names none.
const defaultGroupRows = 1000

// ParseMapping reads a mapping and compiles its expressions; every problem is reported at once.
func ParseMapping(raw []byte) (*Mapping, error) {
	f, err := readMapping(raw)
	if err != nil {
		return nil, fmt.Errorf("reading mapping: %w", err)
	}
	sum := sha256.Sum256(raw)
	m := &Mapping{name: f.Name, digest: hex.EncodeToString(sum[:]), file: f}
	c := &compiler{}
	m.check(c)
	m.fn = newFunctions(m.zone)
	c.options = m.fn.options()
	m.compile(c)
	m.reads = c.reads
	if err := errors.Join(c.problems...); err != nil {
		return nil, fmt.Errorf("checking mapping %q: %w", f.Name, err)
	}
	return m, nil
}

// maxMapping bounds a mapping file.
const maxMapping = 1 << 20

// readMapping reads the YAML.
func readMapping(raw []byte) (mappingFile, error) {
	var f mappingFile
	if len(raw) > maxMapping {
		return f, errors.New("a mapping has at most 1 MiB")
	}
	err := yamlfile.Decode(raw, &f)
	return f, err //nolint:wrapcheck // the caller says what
}

// Name is the mapping's own name.
func (m *Mapping) Name() string { return m.name }

func (m *Mapping) check(c *compiler) {
	f := m.file
	if f.Name == "" {
		c.problem("name", errors.New("missing"))
	}
	switch f.Format {
	case FormatCSV, FormatJSONL, FormatJSON:
	default:
		c.problem("format", errors.New("must be csv, jsonl or json"))
	}
	if len(f.Comma) > 1 {
		c.problem("comma", errors.New("must be one character"))
	}
	zone, err := time.LoadLocation(f.Zone)
	if err != nil || f.Zone == "" {
		c.problem("zone", errors.New("must be an IANA zone"))
		zone = time.UTC
	}
	m.zone = zone
	if len(f.Events) == 0 {
		c.problem("events", errors.New("missing"))
	}
	for name, l := range f.Lookups {
		if l.Key == "" {
			c.problem("lookups."+name+".key", errors.New("missing"))
		}
	}
}

func (m *Mapping) compile(c *compiler) {
	f := m.file
	for i, d := range f.Distinct {
		at := fmt.Sprintf("distinct[%d]", i)
		if d.Rows == (d.By != "") {
			c.problem(at, errors.New("give either rows or by"))
		}
		m.distinct = append(m.distinct, distinctStep{rows: d.Rows, by: c.optional(at+".by", d.By), least: c.optional(at+".least", d.Least), when: c.optional(at+".when", d.When)})
	}
	m.skips = c.skips("skip", f.Skip)
	if g := f.Group; g != nil {
		m.group = &groupStep{by: c.required("group.by", g.By), sorted: g.Sorted, maxRows: g.MaxRows, skips: c.skips("group.skip", g.Skip)}
		if m.group.maxRows <= 0 {
			m.group.maxRows = defaultGroupRows
		}
	}
	for i, e := range f.Events {
		at := fmt.Sprintf("events[%d]", i)
		m.events = append(m.events, eventStep{when: c.optional(at+".when", e.When), each: c.optional(at+".each", e.Each), tree: c.tree(at+".event", e.Event)})
	}
}
