package event

import "sync"

// kind of a JSON value.
type kind uint8

const (
	kindNull kind = iota
	kindFalse
	kindTrue
	kindNumber
	kindString
	kindObject
	kindArray
)

// node is one value of a parsed event. Its text is part of the event's own copy of the bytes, so it may outlive the tree.
type node struct {
	text  string // of a string, decoded; of a number, as sent
	next  int32  // sibling; 0 = none
	child int32  // first one; 0 = none
	count int32  // children
	name  uint16 // of a member of an object
	kind  kind
}

// tree is a parsed event: nodes[0] is the event.
type tree struct {
	nodes   []node
	hash    uint64 // of the content without sent_at, whatever the order of members
	secrets []secret
}

var trees = sync.Pool{New: func() any { return new(tree) }}

// free gives the tree back; no node may be used after it.
func (t *tree) free() {
	clear(t.nodes)
	t.nodes, t.secrets = t.nodes[:0], nil
	if cap(t.nodes) <= 16384 {
		trees.Put(t)
	}
}

// get returns the member of an object, or nil.
func (t *tree) get(n *node, name uint16) *node {
	if n == nil || n.kind != kindObject {
		return nil
	}
	for i := n.child; i != 0; i = t.nodes[i].next {
		if t.nodes[i].name == name {
			return &t.nodes[i]
		}
	}
	return nil
}

// each calls f for every child.
func (t *tree) each(n *node, f func(i int, child *node)) {
	if n == nil {
		return
	}
	k := 0
	for i := n.child; i != 0; i = t.nodes[i].next {
		f(k, &t.nodes[i])
		k++
	}
}
