package importer

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/vm"
)

// Control keys of a map in an event tree: $when keeps the map only where it holds; $each with $item makes a list.
const (
	keyWhen = "$when"
	keyEach = "$each"
	keyItem = "$item"
)

// node is one place of a compiled event tree. A nil result means: leave the place out.
type node interface {
	eval(env map[string]any) (any, error)
}

type constant struct{ value any }

type expression struct {
	at      string
	program *vm.Program
}

type mapNode struct {
	when   *expression
	keys   []string
	fields []node
}

type listNode []node

type eachNode struct {
	list expression
	when *expression
	item node
}

func (c constant) eval(map[string]any) (any, error) { return c.value, nil }

func (x expression) eval(env map[string]any) (any, error) {
	v, err := vm.Run(x.program, env)
	if err != nil {
		return nil, reasonOf(err, x.at)
	}
	if s, ok := v.(string); ok && s == "" {
		return nil, nil
	}
	return v, nil
}

func (x *expression) holds(env map[string]any) (bool, error) {
	if x == nil {
		return true, nil
	}
	v, err := x.eval(env)
	if err != nil {
		return false, err
	}
	b, ok := v.(bool)
	if !ok {
		return false, &rowError{reason: "not-a-condition", at: x.at}
	}
	return b, nil
}

func (n mapNode) eval(env map[string]any) (any, error) {
	if ok, err := n.when.holds(env); err != nil || !ok {
		return nil, err
	}
	out := make(map[string]any, len(n.keys))
	for i, k := range n.keys {
		v, err := n.fields[i].eval(env)
		if err != nil {
			return nil, err
		}
		if v != nil {
			out[k] = v
		}
	}
	if len(out) == 0 {
		return nil, nil
	}
	return out, nil
}

func (n listNode) eval(env map[string]any) (any, error) {
	out := make([]any, 0, len(n))
	for _, e := range n {
		v, err := e.eval(env)
		if err != nil {
			return nil, err
		}
		if part, ok := v.([]any); ok {
			out = append(out, part...)
		} else if v != nil {
			out = append(out, v)
		}
	}
	if len(out) == 0 {
		return nil, nil
	}
	return out, nil
}

func (n eachNode) eval(env map[string]any) (any, error) {
	v, err := n.list.eval(env)
	if err != nil || v == nil {
		return nil, err
	}
	items, ok := v.([]any)
	if !ok {
		return nil, &rowError{reason: "not-a-list", at: n.list.at}
	}
	defer restore(env, env["it"], env["index"])
	out := make([]any, 0, len(items))
	for i, it := range items {
		env["it"], env["index"] = it, i
		if ok, err := n.when.holds(env); err != nil {
			return nil, err
		} else if !ok {
			continue
		}
		v, err := n.item.eval(env)
		if err != nil {
			return nil, err
		}
		if v != nil {
			out = append(out, v)
		}
	}
	if len(out) == 0 {
		return nil, nil
	}
	return out, nil
}

func restore(env map[string]any, it, index any) { env["it"], env["index"] = it, index }

// compiler turns the texts of a mapping into programs and gathers what is wrong with them.
type compiler struct {
	options  []expr.Option
	problems []error
	reads    []column // of the row
}

func (c *compiler) problem(at string, err error) {
	c.problems = append(c.problems, fmt.Errorf("%s: %w", at, err))
}

func (c *compiler) program(at, text string) *vm.Program {
	code, ok := strings.CutPrefix(text, "=")
	if !ok {
		c.problem(at, errors.New("an expression starts with ="))
		return nil
	}
	p, err := expr.Compile(code, c.options...)
	if err != nil {
		c.problem(at, err)
		return nil
	}
	node := p.Node()
	ast.Walk(&node, columnsOf{c, at})
	return p
}

// column is a column that the mapping reads of a row, and where.
type column struct{ name, at string }

// columnsOf notes the columns that an expression reads of a row as row.NAME. row?.NAME may be absent.
type columnsOf struct {
	c  *compiler
	at string
}

// Visit implements ast.Visitor.
func (v columnsOf) Visit(n *ast.Node) {
	m, ok := (*n).(*ast.MemberNode)
	if !ok || m.Optional {
		return
	}
	of, isName := m.Node.(*ast.IdentifierNode)
	name, isText := m.Property.(*ast.StringNode)
	if isName && isText && of.Value == "row" {
		v.c.reads = append(v.c.reads, column{name.Value, v.at})
	}
}

func (c *compiler) required(at, text string) *vm.Program {
	if text == "" {
		c.problem(at, errors.New("missing"))
		return nil
	}
	return c.program(at, text)
}

func (c *compiler) optional(at, text string) *vm.Program {
	if text == "" {
		return nil
	}
	return c.program(at, text)
}

func (c *compiler) skips(at string, in []skipFile) []skipStep {
	var out []skipStep
	for i, s := range in {
		here := fmt.Sprintf("%s[%d]", at, i)
		if s.Reason == "" {
			c.problem(here+".reason", errors.New("missing"))
		}
		out = append(out, skipStep{when: c.required(here+".when", s.When), reason: s.Reason})
	}
	return out
}

func (c *compiler) condition(at string, v any) *expression {
	s, ok := v.(string)
	if !ok {
		c.problem(at, errors.New("must be an expression"))
		return nil
	}
	return &expression{at: at, program: c.program(at, s)}
}

func (c *compiler) tree(at string, v any) node {
	switch v := v.(type) {
	case string:
		if strings.HasPrefix(v, "=") {
			return expression{at: at, program: c.program(at, v)}
		}
	case []any:
		out := make(listNode, len(v))
		for i, e := range v {
			out[i] = c.tree(fmt.Sprintf("%s[%d]", at, i), e)
		}
		return out
	case map[string]any:
		if list, ok := v[keyEach]; ok {
			return c.each(at, list, v)
		}
		return c.object(at, v)
	}
	return constant{v}
}

func (c *compiler) each(at string, list any, v map[string]any) node {
	n := eachNode{item: c.tree(at+"."+keyItem, v[keyItem])}
	if x := c.condition(at+"."+keyEach, list); x != nil {
		n.list = *x
	}
	if w, ok := v[keyWhen]; ok {
		n.when = c.condition(at+"."+keyWhen, w)
	}
	return n
}

func (c *compiler) object(at string, v map[string]any) node {
	n := mapNode{}
	for k := range v {
		if k == keyWhen {
			n.when = c.condition(at+"."+keyWhen, v[k])
			continue
		}
		n.keys = append(n.keys, k)
	}
	slices.Sort(n.keys)
	for _, k := range n.keys {
		n.fields = append(n.fields, c.tree(at+"."+k, v[k]))
	}
	return n
}
