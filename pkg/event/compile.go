package event

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"
)

// schema is the part of JSON Schema 2020-12 that the contracts use. A keyword that is not listed here is refused when the contracts are
// loaded: ignoring one would accept what the published file refuses.
type schema struct {
	Schema      string                     `json:"$schema"`
	Title       string                     `json:"title"`
	Description string                     `json:"description"`
	Defs        map[string]json.RawMessage `json:"$defs"`
	Ref         string                     `json:"$ref"`
	Type        json.RawMessage            `json:"type"`
	Const       json.RawMessage            `json:"const"`
	Enum        []string                   `json:"enum"`
	Properties  map[string]*schema         `json:"properties"`
	Required    []string                   `json:"required"`
	Items       *schema                    `json:"items"`
	MinItems    int                        `json:"minItems"`
	MaxItems    *int                       `json:"maxItems"`
	MinLength   int                        `json:"minLength"`
	MaxLength   *int                       `json:"maxLength"`
	Minimum     *int64                     `json:"minimum"`
	Maximum     *int64                     `json:"maximum"`
	Pattern     string                     `json:"pattern"`
	Format      string                     `json:"format"`
}

// contract is what the schema files say, compiled.
type contract struct {
	names *names
	types map[string]map[string]*rule // channel -> type -> rule
}

const commonFolder = "common"

// compiler turns schema files into rules.
type compiler struct {
	files fs.FS
	names *names
	rules map[string]*rule // by reference: file, or file#/$defs/name
}

// compile reads every schema under folder `channel` of files.
func compile(files fs.FS) (*contract, error) {
	c := &compiler{files: files, names: newNames(), rules: map[string]*rule{}}
	all, err := fs.Glob(files, "channel/*/*.json")
	if err != nil {
		return nil, fmt.Errorf("listing schemas: %w", err)
	}
	out := &contract{names: c.names, types: map[string]map[string]*rule{}}
	for _, file := range all {
		if strings.HasSuffix(file, ".example.json") {
			continue
		}
		r, err := c.reference(file)
		if err != nil {
			return nil, err
		}
		channel := path.Base(path.Dir(file))
		if out.types[channel] == nil {
			out.types[channel] = map[string]*rule{}
		}
		out.types[channel][strings.TrimSuffix(path.Base(file), ".json")] = r
	}
	if len(out.types[commonFolder]) == 0 {
		return nil, errors.New("no schema in channel/common")
	}
	if len(c.names.texts) > maxNames {
		return nil, fmt.Errorf("the contracts have %d field names, at most %d are counted", len(c.names.texts), maxNames)
	}
	for _, r := range c.rules {
		r.index(len(c.names.texts))
	}
	return out, nil
}

// reference compiles a file, or one definition of a file, once.
func (c *compiler) reference(target string) (*rule, error) {
	if r, ok := c.rules[target]; ok {
		return r, nil
	}
	file, def, _ := strings.Cut(target, "#/$defs/")
	raw, err := fs.ReadFile(c.files, file)
	if err != nil {
		return nil, fmt.Errorf("reading schema: %w", err)
	}
	s, err := parseSchema(raw)
	if err != nil {
		return nil, fmt.Errorf("reading schema %s: %w", file, err)
	}
	if def != "" {
		if s, err = parseSchema(s.Defs[def]); err != nil {
			return nil, fmt.Errorf("reading schema %s: %w", target, err)
		}
	}
	r := &rule{}
	c.rules[target] = r
	if err := c.fill(r, s, file, target); err != nil {
		return nil, err
	}
	return r, nil
}

func parseSchema(raw []byte) (*schema, error) {
	dec := json.NewDecoder(strings.NewReader(string(raw)))
	dec.DisallowUnknownFields()
	var s schema
	if err := dec.Decode(&s); err != nil {
		return nil, err
	}
	return &s, nil
}

// sub compiles a schema inside a schema to the rules that all hold: those of its reference, then its own.
func (c *compiler) sub(s *schema, file, where string) ([]*rule, error) {
	var out []*rule
	if s.Ref != "" {
		r, err := c.reference(resolve(file, s.Ref))
		if err != nil {
			return nil, err
		}
		out = append(out, r)
		if s.Type == nil {
			return out, nil
		}
	}
	r := &rule{}
	c.rules[where] = r
	return append(out, r), c.fill(r, s, file, where)
}

// resolve makes a reference of a file a path from the root of the files.
func resolve(file, ref string) string {
	target, def, found := strings.Cut(ref, "#")
	if target == "" {
		target = file
	} else {
		target = path.Join(path.Dir(file), target)
	}
	if found {
		return target + "#" + def
	}
	return target
}

// fill compiles one schema. A reference beside own keywords holds too: its fields are taken over.
func (c *compiler) fill(r *rule, s *schema, file, where string) error {
	*r = rule{maxLength: -1, maxItems: -1, minLength: s.MinLength, minItems: s.MinItems, min: s.Minimum, max: s.Maximum}
	if s.MaxLength != nil {
		r.maxLength = *s.MaxLength
	}
	if s.MaxItems != nil {
		r.maxItems = *s.MaxItems
	}
	for _, step := range []func(*rule, *schema, string, string) error{c.inherit, c.kinds, c.values, c.form, c.fields, c.items} {
		if err := step(r, s, file, where); err != nil {
			return fmt.Errorf("compiling schema %s: %w", where, err)
		}
	}
	r.send = instead(r, s)
	return nil
}

func (c *compiler) inherit(r *rule, s *schema, file, _ string) error {
	if s.Ref == "" {
		return nil
	}
	base, err := c.reference(resolve(file, s.Ref))
	if err != nil {
		return err
	}
	if base.kinds != wantObject {
		return errors.New("only an object may be extended")
	}
	for _, f := range base.fields {
		r.fields = append(r.fields, field{f.name, slices.Clone(f.rules)})
	}
	r.required = base.required
	return nil
}

var kindNames = map[string]kinds{
	"null": wantNull, "boolean": wantBoolean, "number": wantNumber, "integer": wantNumber, "string": wantString, "object": wantObject, "array": wantArray,
}

func (c *compiler) kinds(r *rule, s *schema, _, _ string) error {
	var list []string
	if err := json.Unmarshal(s.Type, &list); err != nil {
		list = make([]string, 1)
		if err := json.Unmarshal(s.Type, &list[0]); err != nil {
			return errors.New("`type` is required")
		}
	}
	for _, name := range list {
		k, ok := kindNames[name]
		if !ok || name == "number" {
			return fmt.Errorf("type %q is not supported", name)
		}
		r.kinds |= k
		r.integer = r.integer || name == "integer"
	}
	return nil
}

func (c *compiler) values(r *rule, s *schema, _, _ string) error {
	if s.Const != nil {
		var i int64
		var text string
		switch {
		case json.Unmarshal(s.Const, &i) == nil && r.integer:
			r.fixed = &i
		case json.Unmarshal(s.Const, &text) == nil && r.kinds == wantString:
			s.Enum = []string{text}
		default:
			return errors.New("`const` is a string or an integer of that type")
		}
	}
	if s.Enum == nil {
		return nil
	}
	if r.kinds != wantString {
		return errors.New("`enum` is of strings")
	}
	r.enum = map[string]string{}
	for _, v := range s.Enum {
		r.enum[v] = v
	}
	return nil
}

func (c *compiler) form(r *rule, s *schema, _, _ string) error {
	var format func(string) bool
	switch s.Format {
	case "":
	case "date-time":
		format = func(text string) bool { _, ok := parseTime(text); return ok }
	case "date":
		format = func(text string) bool { _, ok := parseDate(text); return ok }
	default:
		return fmt.Errorf("format %q is not supported", s.Format)
	}
	r.form = format
	if s.Pattern == "" || implied[s.Pattern] == s.Format && format != nil {
		return nil
	}
	match, err := matcher(s.Pattern)
	r.form = match
	if format != nil {
		r.form = func(text string) bool { return match(text) && format(text) }
	}
	return err
}

// implied are patterns that the parser of a format checks already.
var implied = map[string]string{
	`^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-5][0-9](\.[0-9]{1,9})?(Z|[+-][0-9]{2}:[0-9]{2})$`: "date-time",
	`^[0-9]{4}-[0-9]{2}-[0-9]{2}$`: "date",
}

// tokenPattern is the commonest pattern: worth a loop of its own.
const tokenPattern = `^[A-Za-z0-9][A-Za-z0-9_.:-]{0,63}$` //nolint:gosec // a form of names, no credential

func matcher(pattern string) (func(string) bool, error) {
	if pattern == tokenPattern {
		return token, nil
	}
	re, err := regexp.Compile(pattern)
	if err != nil {
		return nil, err
	}
	return re.MatchString, nil
}

func token(s string) bool {
	for i := range len(s) {
		c := s[i]
		letter := c|0x20 >= 'a' && c|0x20 <= 'z' || c >= '0' && c <= '9'
		if !letter && (i == 0 || c != '_' && c != '.' && c != ':' && c != '-') {
			return false
		}
	}
	return s != "" && len(s) <= 64
}

func (c *compiler) fields(r *rule, s *schema, file, where string) error {
	for _, name := range slices.Sorted(maps.Keys(s.Properties)) {
		sub := s.Properties[name]
		id := c.names.add(name)
		i := slices.IndexFunc(r.fields, func(f field) bool { return f.name == id })
		if i < 0 {
			i = len(r.fields)
			r.fields = append(r.fields, field{name: id})
		}
		if sub.Type == nil && sub.Ref == "" {
			sub.Type = json.RawMessage(`"string"`)
		}
		rules, err := c.sub(sub, file, where+"/"+name)
		if err != nil {
			return err
		}
		r.fields[i].rules = append(r.fields[i].rules, rules...)
	}
	for _, name := range s.Required {
		i := slices.IndexFunc(r.fields, func(f field) bool { return f.name == c.names.ids[name] })
		if i < 0 || i > 63 {
			return fmt.Errorf("required %q is no property", name)
		}
		r.required |= 1 << i
	}
	return nil
}

func (c *compiler) items(r *rule, s *schema, file, where string) error {
	if s.Items == nil {
		return nil
	}
	rules, err := c.sub(s.Items, file, where+"/*")
	r.items = rules
	return err
}

// index makes the table from name to field, once all names are known.
func (r *rule) index(size int) {
	if r.kinds&wantObject == 0 {
		return
	}
	r.members = make([]uint8, size)
	for i, f := range r.fields {
		r.members[f.name] = uint8(i + 1)
	}
}

var kindTexts = []struct {
	kinds kinds
	text  string
}{{wantString, "a string"}, {wantBoolean, "true or false"}, {wantObject, "an object"}, {wantArray, "an array"}, {wantNull, "null"}}

// instead says what a schema wants.
func instead(r *rule, s *schema) string {
	var parts []string
	for _, k := range kindTexts {
		if r.kinds&k.kinds != 0 {
			parts = append(parts, k.text)
		}
	}
	if r.integer {
		parts = append(parts, "a whole number")
	}
	text := "send " + strings.Join(parts, " or ")
	switch {
	case s.Format == "date-time":
		text += " that is a time of RFC 3339 with zone, such as 2026-03-14T10:22:31+01:00"
	case s.Format == "date":
		text += " that is a date, such as 1980-04-02"
	case len(s.Enum) > 0 && len(s.Enum) <= 20:
		text += ": one of " + strings.Join(s.Enum, ", ")
	case s.Description != "":
		text += ": " + s.Description
	case s.Pattern != "":
		text += " of the form " + s.Pattern
	}
	return text
}
