package identity

import (
	"cmp"
	"slices"

	"rcu/pkg/identifier"
)

// ReviewKind says why a person should look at something.
type ReviewKind uint8

// The kinds, in the order in which they are shown.
const (
	ReviewContested   ReviewKind = iota // a value that carries the names of two people
	ReviewQuarantined                   // a value that stands with more people than one person can be
	ReviewRefused                       // two people whom evidence would join and a rule keeps apart
	ReviewOversized                     // a value that holds very much together, so that its weak links were set aside
	ReviewKinds                         // how many there are
)

var reviewNames = [ReviewKinds]string{"contested", "quarantined", "refused", "oversized"}

// String returns the name of the kind.
func (k ReviewKind) String() string {
	if k < ReviewKinds {
		return reviewNames[k]
	}
	return "unknown"
}

// ReviewKindOf returns the kind of a name, or ReviewKinds.
func ReviewKindOf(name string) ReviewKind {
	if i := slices.Index(reviewNames[:], name); i >= 0 {
		return ReviewKind(i) //nolint:gosec // a place in the table
	}
	return ReviewKinds
}

// Matter is one thing that only a person can decide. An act of a steward on it settles it.
type Matter struct {
	Kind   ReviewKind
	Weight uint32           // what hangs on it: how many links speak of it
	Values []identifier.Key // the value; of ReviewRefused the two ends of the strongest link
	Edges  []*Edge          // of ReviewRefused the refused links between the two, of ReviewOversized those set aside; the strongest first
	People [2]int           // of ReviewRefused: the places of the two
}

// ReviewWeights are the weights of the heaviest matter of each kind; 0 = there is none.
type ReviewWeights [ReviewKinds]uint32

// Weigh returns the weights of matters.
func Weigh(matters []Matter) (w ReviewWeights) {
	for i := range matters {
		k := matters[i].Kind
		w[k] = max(w[k], matters[i].Weight)
	}
	return w
}

// byMatch reports whether nothing but a probable match makes a usable edge so. Those that link nobody are told as suggestions, not here.
func (e *Edge) byMatch() bool { return e.Verdict.Strength == ProbableStrength }

// Review says what of a divided component a person should look at, the heaviest of each kind first. people are its parts. It sees what is
// stored of the component and nothing else: no order of arrival, and no clock.
func Review(level uint8, people [][]*Node) []Matter {
	var out []Matter
	apart := false
	var large Matter
	for _, nodes := range people {
		for _, n := range nodes {
			if n.decided() {
				continue
			}
			if m, is := reviewValue(n); is {
				out = append(out, m)
			}
			if level != LevelWhole {
				large = heavier(large, n)
			}
		}
		apart = apart || len(people) > 1 && slices.ContainsFunc(nodes, refusedByRule)
	}
	if large.Weight > 0 {
		out = append(out, large)
	}
	if apart {
		out = append(out, reviewRefused(people)...)
	}
	return out
}

// decided reports whether a steward said what a value is.
func (n *Node) decided() bool { return n.Act.Op == Quarantine || n.Act.Op == Release }

// reviewValue is the matter of a value that identifies nobody by its evidence.
func reviewValue(n *Node) (Matter, bool) {
	m := Matter{Kind: ReviewQuarantined, Weight: 1, Values: []identifier.Key{n.Key}}
	switch n.Standing {
	case Contested:
		m.Kind = ReviewContested
	case Quarantined:
	default:
		return Matter{}, false
	}
	shown := uint32(0)
	for _, e := range n.Edges {
		if e.Evidenced() && e.Act.Op != Ban {
			shown++
		}
	}
	m.Weight = max(1, shown)
	return m, true
}

// heavier returns the matter of the value with more links that were set aside; of as many, that of the lesser value.
func heavier(held Matter, n *Node) Matter {
	var aside []*Edge
	for _, e := range n.Edges {
		if e.Outcome == RefusedEdge && e.Reason == ReasonOverflow && e.Verdict.Usable() && !e.byMatch() {
			aside = append(aside, e)
		}
	}
	weight := uint32(len(aside)) //nolint:gosec // bounded by MaxDegree
	if weight < held.Weight || weight == 0 || weight == held.Weight && compareKey(held.Values[0], n.Key) < 0 {
		return held
	}
	slices.SortFunc(aside, compareStrength)
	return Matter{Kind: ReviewOversized, Weight: weight, Values: []identifier.Key{n.Key}, Edges: aside}
}

// refusedByRule reports whether a rule of the partition refused a link of n that no act speaks for or against.
func refusedByRule(n *Node) bool { return slices.ContainsFunc(n.Edges, awaitsDecision) }

func awaitsDecision(e *Edge) bool {
	return e.Outcome == RefusedEdge && (e.Reason == ReasonUnique || e.Reason == ReasonLimit || e.Reason == ReasonPerson) && !e.byMatch()
}

// reviewRefused lists the pairs of people between whom links were refused by a rule. A pair of whom a steward said that they are not one
// is settled, whichever of their identifiers he named.
func reviewRefused(people [][]*Node) []Matter {
	where := map[identifier.Key]int{}
	for i, nodes := range people {
		for _, n := range nodes {
			where[n.Key] = i
		}
	}
	links, banned := map[[2]int][]*Edge{}, map[[2]int]bool{}
	for i, nodes := range people {
		for _, n := range nodes {
			for _, e := range n.Edges {
				j, inside := where[e.Other(n.Key)]
				pair := [2]int{min(i, j), max(i, j)}
				switch {
				case !inside || i == j:
				case e.Act.Op == Ban:
					banned[pair] = true
				case awaitsDecision(e) && !slices.Contains(links[pair], e):
					links[pair] = append(links[pair], e)
				}
			}
		}
	}
	var out []Matter
	for pair, edges := range links {
		if banned[pair] {
			continue
		}
		slices.SortFunc(edges, compareStrength)
		out = append(out, Matter{
			Kind: ReviewRefused, Weight: uint32(len(edges)), //nolint:gosec // bounded by MaxEdges
			Values: []identifier.Key{edges[0].A, edges[0].B}, Edges: edges, People: pair,
		})
	}
	slices.SortFunc(out, func(a, b Matter) int {
		return cmp.Or(-cmp.Compare(a.Weight, b.Weight), compareStrength(a.Edges[0], b.Edges[0]))
	})
	return out
}

// compareStrength orders edges as Partition takes them: the strongest, then the oldest.
func compareStrength(a, b *Edge) int {
	return cmp.Or(-cmp.Compare(a.Verdict.Strength, b.Verdict.Strength), cmp.Compare(a.Verdict.T, b.Verdict.T), compareKey(a.A, b.A), compareKey(a.B, b.B))
}

// ReviewSince says since when the evidence makes a matter of a value: the time of the sighting that was one too many. 0 where what is
// stored does not say.
func (k *Kernel) ReviewSince(n *Node, w *Why) int64 {
	switch w.Code {
	case WhyOwners, WhyClaims:
		return tooManySince(n, w)
	case WhyNames:
		return contestedSince(n)
	default:
		return 0
	}
}

// tooManySince is when the first owner came who was one too many.
func tooManySince(n *Node, w *Why) int64 {
	byProof := w.Code == WhyOwners && w.Proved > w.Most
	var seen []int64
	for _, far := range w.Owners {
		first := int64(Never)
		for _, x := range n.Edge(far).Witnesses {
			if !byProof || !x.Stated {
				first = min(first, x.T)
			}
		}
		if first != Never {
			seen = append(seen, first)
		}
	}
	if len(seen) <= w.Most {
		return 0
	}
	slices.Sort(seen)
	return seen[w.Most]
}

// contestedSince is the earliest day on which two names that contradict each other were both attested.
func contestedSince(n *Node) int64 {
	since := int64(0)
	for i := range n.Names {
		for j := range i {
			a, b := &n.Names[i], &n.Names[j]
			if !a.Attested || !b.Attested || !contradict(&a.Claim, &b.Claim) {
				continue
			}
			if both := max(a.Days[1], b.Days[1]) * day; since == 0 || both < since {
				since = both
			}
		}
	}
	return since
}
