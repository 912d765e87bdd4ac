package resolve

import (
	"rcu/pkg/identifier"
	"rcu/pkg/identity"
)

// RecordHeader is the length of what the state itself reads and writes in front of a record: version and now, big endian.
const RecordHeader = 16

const recordFormat = 1

// record is one component as stored: its identifiers, their edges (inner ones once; refused edges to elsewhere are stubs), and
// how it is divided into people.
type record struct {
	version  uint64
	now      int64  // the latest clock of a plan that wrote it
	rules    uint64 // the oldest rules version by which one of its identifiers was judged whole
	boundary int64  // the earliest time at which a verdict may change; 0 = none
	level    uint8
	members  []*member
}

// member is what the plan keeps beside a node.
type member struct {
	*identity.Node
	unit        *unit
	component   ComponentKey // of its record; zero without one
	version     uint64
	judgedNow   int64  // the clock when all its edges were last judged
	judgedRules uint64 // and the rules version
	whole       bool   // this plan judged all its edges
	was         identity.Standing
	since       int64   // of the node as read, where the rules look back
	before      *person // as read; nil without a record
	person      *person
}

// person is one part of a component.
type person struct {
	naming identifier.Key
	nodes  []*identity.Node
	keys   []identifier.Key // of nodes, when it was asked for
}

func memberOf(n *identity.Node) *member {
	m, _ := n.Kept.(*member)
	return m
}

// Flags of a packed node.
const (
	nodeFirst = 1 << iota
	nodeFullWeak
	nodeFullStrong
	nodeNamesFull
	nodeNames
	nodeDecisions
	nodeAct
	nodeMatches
)

// standingLikeMany is a flag beside the standing of a packed node: it is like so many others that probable matches mean nothing.
const standingLikeMany = 1 << 7

// Flags of a packed edge.
const (
	edgeHeldByA = 1 << iota
	edgeHeldByB
	edgeAct
	edgeWitnesses
	edgeCompared
)
