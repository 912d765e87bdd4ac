package identity

import (
	"cmp"
	"math/bits"
	"slices"

	"rcu/pkg/identifier"
)

// Link is one edge of a component as Partition sees it: A and B are places among the nodes, A the lesser key.
type Link struct {
	A, B     int32
	Strength uint8
	Banned   bool // never joined; Strength and T do not matter
	T        int64

	Outcome Outcome // set by Partition, and the rest for a refused one
	Reason  Reason
	X, Y    int32 // places of the two values that a refusal by unique, ban or person names
}

// Partitioner divides components into people. Its scratch is reused, so it must not be used by two goroutines at once.
type Partitioner struct {
	kernel *Kernel
	nodes  []*Node
	order  []rankedLink
	bans   []int32 // places of banned links
	weakly bool    // some link is there by a probable match alone
	firsts []int64
	links  []Link  // of Divide
	edges  []*Edge // parallel to links

	// Per node.
	parent []int32
	next   []int32 // circular list of the members of a group

	// Per root.
	size  []int32
	holds []uint64 // namespaces of the group: unique and limited ones
	named []int32  // first named identifier of the group, -1 = none
	last  []int32  // last of them

	// Per named identifier; identifiers put together count as one.
	claims  []*Claim
	from    []int32 // its claims are claims[from:to]
	to      []int32
	heard   []int32 // what only a probable match is held to, too: claims[to:heard]
	nextNam []int32
}

type rankedLink struct {
	rank uint64 // strength descending, then time
	at   int32
}

// NewPartitioner returns a Partitioner by the rules of k.
func NewPartitioner(k *Kernel) *Partitioner { return &Partitioner{kernel: k} }

// Partition divides the nodes of one component by its links: strongest first, then oldest, each joins the groups of its ends
// unless a rule refuses. It sets the outcome of every link. Group tells the result.
func (p *Partitioner) Partition(nodes []*Node, links []Link) {
	p.reset(nodes)
	p.sort(links)
	at := 0
	for at < len(p.order) && links[p.order[at].at].Strength == TogetherStrength {
		p.decide(&links[p.order[at].at], links)
		at++
	}
	p.gatherClaims()
	for _, o := range p.order[at:] {
		p.decide(&links[o.at], links)
	}
}

// Group returns the group of the i-th node: nodes of one person have the same number.
func (p *Partitioner) Group(i int) int { return int(p.find(int32(i))) } //nolint:gosec // a place among the nodes

func (p *Partitioner) decide(l *Link, links []Link) {
	a, b := p.find(l.A), p.find(l.B)
	if a == b {
		l.Outcome = Confirms
		return
	}
	if l.Reason, l.X, l.Y = p.refuses(l, a, b, links); l.Reason != NoReason || faults.smallGroups && p.size[a]+p.size[b] > 4 {
		return
	}
	l.Outcome = Joined
	if faults.joinsConfirm {
		l.Outcome = Confirms
	}
	p.union(a, b)
}

// refuses asks the rules in their order. Each is hereditary: what holds of a group holds of its parts.
func (p *Partitioner) refuses(l *Link, a, b int32, links []Link) (reason Reason, x, y int32) {
	for _, i := range p.bans {
		ban := &links[i]
		switch x, y := p.find(ban.A), p.find(ban.B); {
		case x == a && y == b:
			return ReasonBan, ban.A, ban.B
		case x == b && y == a:
			return ReasonBan, ban.B, ban.A
		}
	}
	if l.Strength == TogetherStrength {
		return NoReason, 0, 0
	}
	both := p.holds[a] & p.holds[b]
	for set := both; set != 0; set &= set - 1 {
		if ns := lowest(set); p.kernel.all[ns].Unique {
			return ReasonUnique, p.member(a, ns), p.member(b, ns)
		}
	}
	if x, y, apart := p.apart(a, b, l.Strength == ProbableStrength); apart {
		return ReasonPerson, x, y
	}
	for set := both; set != 0; set &= set - 1 {
		if p.tooMany(lowest(set), a, b) {
			return ReasonLimit, 0, 0
		}
	}
	return NoReason, 0, 0
}

// lowest returns the least member of a set of namespaces.
func lowest(set uint64) uint8 { return uint8(bits.TrailingZeros64(set)) } //nolint:gosec // at most 64

// member returns some value of a namespace in a group.
func (p *Partitioner) member(root int32, ns uint8) int32 {
	i := root
	for p.nodes[i].ns.index != ns {
		i = p.next[i]
	}
	return i
}

// apart finds an identifier of each group such that every claim of the one contradicts every claim of the other.
// Identifier against identifier, never group against group: a bag of names would not be hereditary. A probable match is held to all that
// was said, on one day too: it is asked when all evidence was, so that what parts two for it parts them for good.
func (p *Partitioner) apart(a, b int32, probable bool) (x, y int32, apart bool) {
	for x = p.named[a]; x >= 0; x = p.nextNam[x] {
		for y = p.named[b]; y >= 0; y = p.nextNam[y] {
			if p.contradict(p.said(x, probable), p.said(y, probable)) {
				return x, y, true
			}
		}
	}
	return 0, 0, false
}

// said lists the claims of a named identifier that count for a link.
func (p *Partitioner) said(x int32, probable bool) []*Claim {
	if probable && !faults.matchesUnheard {
		return p.claims[p.from[x]:p.heard[x]]
	}
	return p.claims[p.from[x]:p.to[x]]
}

// contradict reports whether there are claims on both sides, and all of them contradict each other.
func (p *Partitioner) contradict(xs, ys []*Claim) bool {
	for _, c := range xs {
		for _, d := range ys {
			if !contradict(c, d) {
				return false
			}
		}
	}
	return len(xs) > 0 && len(ys) > 0
}

// tooMany reports whether two groups would hold more values of a namespace first seen within its window than a person may have.
func (p *Partitioner) tooMany(ns uint8, a, b int32) bool {
	rule := p.kernel.all[ns]
	p.firsts = p.firsts[:0]
	for _, root := range [...]int32{a, b} {
		for i := root; ; {
			if p.nodes[i].ns.index == ns {
				p.firsts = append(p.firsts, p.nodes[i].First)
			}
			if i = p.next[i]; i == root {
				break
			}
		}
	}
	if len(p.firsts) <= rule.Limit {
		return false
	}
	if rule.Window == 0 {
		return true
	}
	slices.Sort(p.firsts)
	for i := rule.Limit; i < len(p.firsts); i++ {
		if p.firsts[i]-p.firsts[i-rule.Limit] < rule.Window {
			return true
		}
	}
	return false
}

func (p *Partitioner) find(i int32) int32 {
	for p.parent[i] != i {
		p.parent[i] = p.parent[p.parent[i]]
		i = p.parent[i]
	}
	return i
}

func (p *Partitioner) union(a, b int32) {
	if p.size[a] < p.size[b] {
		a, b = b, a
	}
	p.parent[b] = a
	p.size[a] += p.size[b]
	p.holds[a] |= p.holds[b]
	p.next[a], p.next[b] = p.next[b], p.next[a]
	switch {
	case p.named[b] < 0:
	case p.named[a] < 0:
		p.named[a], p.last[a] = p.named[b], p.last[b]
	default:
		p.nextNam[p.last[a]] = p.named[b]
		p.last[a] = p.last[b]
	}
}

func (p *Partitioner) reset(nodes []*Node) {
	p.nodes = nodes
	n := len(nodes)
	for _, s := range [...]*[]int32{&p.parent, &p.next, &p.size, &p.named, &p.last, &p.from, &p.to, &p.heard, &p.nextNam} {
		*s = slices.Grow((*s)[:0], n)[:n]
	}
	p.holds = slices.Grow(p.holds[:0], n)[:n]
	p.claims, p.bans, p.order, p.weakly = p.claims[:0], p.bans[:0], p.order[:0], false
	for i, node := range nodes {
		p.parent[i], p.next[i], p.size[i], p.named[i] = int32(i), int32(i), 1, -1
		p.holds[i] = 0
		if node.ns.Unique && !faults.uniqueIgnored || node.ns.Limit > 0 {
			p.holds[i] = 1 << node.ns.index
		}
	}
}

// gatherClaims lists the claims that count of every group so far: what was put together counts as one identifier with the names of all.
func (p *Partitioner) gatherClaims() {
	if p.kernel.rules.Names == NamesOff {
		return
	}
	for root := range p.nodes {
		if p.parent[root] != int32(root) {
			continue
		}
		from := len(p.claims)
		for i := int32(root); ; {
			p.claims = p.kernel.claims(p.nodes[i], p.claims)
			if i = p.next[i]; i == int32(root) {
				break
			}
		}
		to := len(p.claims)
		for i := int32(root); p.weakly; {
			p.claims = p.kernel.heard(p.nodes[i], p.claims)
			if i = p.next[i]; i == int32(root) {
				break
			}
		}
		if len(p.claims) > from {
			p.from[root], p.to[root], p.heard[root], p.nextNam[root] = int32(from), int32(to), int32(len(p.claims)), -1 //nolint:gosec // MaxNodes times MaxNames
			p.named[root], p.last[root] = int32(root), int32(root)
		}
	}
}

// claims appends the claims of n that count: the attested ones; under NamesAny all it has where none is attested.
func (k *Kernel) claims(n *Node, out []*Claim) []*Claim {
	before := len(out)
	for i := range n.Names {
		if n.Names[i].Attested {
			out = append(out, &n.Names[i].Claim)
		}
	}
	if len(out) == before && k.rules.Names == NamesAny {
		out = allClaims(n, out)
	}
	return out
}

// heard appends the claims of n that only a probable match is held to: all it has where none counts for evidence.
func (k *Kernel) heard(n *Node, out []*Claim) []*Claim {
	attested := slices.ContainsFunc(n.Names, func(x Name) bool { return x.Attested })
	if attested || k.rules.Names == NamesAny {
		return out
	}
	return allClaims(n, out)
}

func allClaims(n *Node, out []*Claim) []*Claim {
	for i := range n.Names {
		out = append(out, &n.Names[i].Claim)
	}
	return out
}

// sort puts the usable links in order and sets the bans aside.
func (p *Partitioner) sort(links []Link) {
	for i := range links {
		l := &links[i]
		l.Outcome, l.Reason, l.X, l.Y = RefusedEdge, NoReason, 0, 0
		if l.Banned {
			l.Reason = ReasonBanned
			if !faults.bansForgotten {
				p.bans = append(p.bans, int32(i))
			}
			continue
		}
		p.weakly = p.weakly || l.Strength == ProbableStrength
		p.order = append(p.order, rankedLink{uint64(255-l.Strength)<<56 | uint64(l.T), int32(i)}) //nolint:gosec // times are not negative and below 2^56
	}
	slices.SortFunc(p.order, func(x, y rankedLink) int {
		if x.rank != y.rank {
			return cmp.Compare(x.rank, y.rank)
		}
		if faults.tieByArrival {
			return cmp.Compare(x.at, y.at)
		}
		return p.compareEnds(&links[x.at], &links[y.at])
	})
}

// compareEnds breaks the tie of two links: better namespaces first, then the lesser keys.
func (p *Partitioner) compareEnds(x, y *Link) int {
	xa, xb, ya, yb := p.nodes[x.A], p.nodes[x.B], p.nodes[y.A], p.nodes[y.B]
	return cmp.Or(
		cmp.Compare(min(xa.ns.Rank, xb.ns.Rank), min(ya.ns.Rank, yb.ns.Rank)),
		cmp.Compare(max(xa.ns.Rank, xb.ns.Rank), max(ya.ns.Rank, yb.ns.Rank)),
		compareKey(xa.Key, ya.Key), compareKey(xb.Key, yb.Key),
	)
}

// Naming returns the naming identifier among nodes: the strongest, then the oldest, then the least.
func (k *Kernel) Naming(nodes []*Node) identifier.Key {
	best := nodes[0]
	if faults.namedByArrival {
		return best.Key
	}
	for _, n := range nodes[1:] {
		if cmp.Or(-cmp.Compare(n.ns.Strength, best.ns.Strength), cmp.Compare(n.First, best.First), compareKey(n.Key, best.Key)) < 0 {
			best = n
		}
	}
	return best.Key
}
