package page

import (
	"html/template"
	"slices"
	"text/template/parse"
)

// missing lists what a page asks for by a constant and that is not there: keys without words, and assets.
func (s *Site) missing(t *template.Template) []string {
	var out []string
	for _, part := range t.Templates() {
		if part.Tree == nil {
			continue
		}
		walk(part.Tree.Root, func(function, key string) {
			wanted, there := []string{key}, func(k string) bool { return s.words[k] != nil }
			switch function {
			case "counted":
				wanted = []string{key + ".one", key + ".other"}
			case "asset":
				there = func(k string) bool { return s.assets.byName[k] != "" }
			}
			for _, k := range wanted {
				if !there(k) && !slices.Contains(out, k) {
					out = append(out, k)
				}
			}
		})
	}
	slices.Sort(out)
	return out
}

// walk calls visit for every `t "key"`, `counted "key"` and `asset "name"` under a node.
func walk(n parse.Node, visit func(function, key string)) {
	switch n := n.(type) {
	case *parse.ListNode:
		if n == nil {
			return
		}
		for _, child := range n.Nodes {
			walk(child, visit)
		}
	case *parse.ActionNode:
		walk(n.Pipe, visit)
	case *parse.IfNode:
		walkBranch(&n.BranchNode, visit)
	case *parse.RangeNode:
		walkBranch(&n.BranchNode, visit)
	case *parse.WithNode:
		walkBranch(&n.BranchNode, visit)
	case *parse.TemplateNode:
		walk(n.Pipe, visit)
	case *parse.PipeNode:
		if n == nil {
			return
		}
		for _, c := range n.Cmds {
			walk(c, visit)
		}
	case *parse.CommandNode:
		visitCommand(n, visit)
	}
}

func walkBranch(n *parse.BranchNode, visit func(function, key string)) {
	walk(n.Pipe, visit)
	walk(n.List, visit)
	walk(n.ElseList, visit)
}

func visitCommand(n *parse.CommandNode, visit func(function, key string)) {
	for _, arg := range n.Args {
		walk(arg, visit)
	}
	if len(n.Args) < 2 {
		return
	}
	function, isFunction := n.Args[0].(*parse.IdentifierNode)
	key, isText := n.Args[1].(*parse.StringNode)
	if isFunction && isText && slices.Contains([]string{"t", "counted", "asset"}, function.Ident) {
		visit(function.Ident, key.Text)
	}
}
