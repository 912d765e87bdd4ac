package identity

import (
	"slices"

	"rcu/pkg/consent"
	"rcu/pkg/identifier"
)

// Facts is a set of facts with the rules and the clock that hold: all that an answer depends on.
type Facts struct {
	Rules     Rules
	Now       int64
	Events    []SolveEvent
	Decisions []*Decision
	Acts      []*Act
	Matches   []*Match
	// Pseudonyms says that values of keys are pseudonyms, as in a store: names of identifiers then have their namespace in front.
	Pseudonyms bool

	stored []*Node // what a store knew of identifiers beside its facts
}

// SolveEvent is an event with its amount and its leaf, which only the folds of an answer use.
type SolveEvent struct {
	*Event
	Amount int64
	// Leaf is what was stamped when the event was collected. Without one the event is taken as collected under the rules of the facts.
	Leaf *Leaf
}

// leafOf returns the leaf of an event: no rule that came later moves one that was stamped.
func (k *Kernel) leafOf(e SolveEvent) Leaf {
	if e.Leaf != nil && !faults.leavesFollow {
		return *e.Leaf
	}
	return k.LeafOf(e.Event)
}

// Answer is what the kernel says of a set of facts, in the exchange format.
type Answer struct {
	Now      int64               `json:"now"`
	Profiles map[string][]string `json:"profiles"` // naming identifier -> all identifiers, sorted
	Edges    map[string]string   `json:"edges"`    // "a|b" -> joined | confirms | refused:<reason>
	Nobody   map[string]string   `json:"nobody"`   // identifiers that stand for nobody, and their standing
	Folds    map[string]Fold     `json:"folds"`    // by naming identifier, or "anonymous:" and an identifier
}

// Fold sums the events of the leaves of one owner.
type Fold struct {
	Events int   `json:"events"`
	Amount int64 `json:"amount"`
	First  int64 `json:"first"`
	Last   int64 `json:"last"`
}

// Solve answers for a whole set of facts at once. Values of keys are taken as the names of identifiers.
func (f *Facts) Solve() (*Answer, error) {
	k, err := NewKernel(f.Rules)
	if err != nil {
		return nil, err
	}
	ev, changes := NewEvidence(k), &Changes{}
	for _, n := range f.stored {
		ev.restore(n, changes)
	}
	for _, e := range f.Events {
		ev.Fold(e.Event, changes)
	}
	for _, d := range f.Decisions {
		ev.Fold(d, changes)
	}
	for _, a := range f.Acts {
		ev.Fold(a, changes)
	}
	for _, m := range f.Matches {
		ev.Fold(m, changes)
	}
	ev.judgeAll(f.Now)
	s := solution{ev: ev, pseudonyms: f.Pseudonyms, naming: map[identifier.Key]identifier.Key{}}
	answer := &Answer{
		Now: f.Now, Profiles: map[string][]string{}, Edges: map[string]string{}, Nobody: map[string]string{}, Folds: map[string]Fold{},
	}
	s.people(answer)
	s.edges(answer)
	s.folds(f, answer)
	return answer, nil
}

// judgeAll sets every standing and verdict.
func (ev *Evidence) judgeAll(now int64) {
	for _, n := range ev.nodes {
		n.Standing = ev.kernel.Stand(n)
	}
	for _, n := range ev.nodes {
		for _, e := range n.Edges {
			e.Verdict = ev.kernel.Judge(e, ev.nodes[e.A], ev.nodes[e.B], now)
		}
	}
}

// solution is a set of evidence that was divided into people.
type solution struct {
	ev         *Evidence
	pseudonyms bool
	naming     map[identifier.Key]identifier.Key
}

// name is how the answer names an identifier.
func (s *solution) name(k identifier.Key) string {
	if s.pseudonyms {
		return string(k.Namespace) + ":" + k.Value
	}
	return k.Value
}

// Standing implements People.
func (s *solution) Standing(k identifier.Key) Standing {
	if n := s.ev.Node(k); n != nil {
		return n.Standing
	}
	return s.ev.kernel.StandAlone(k.Value)
}

// Naming implements People.
func (s *solution) Naming(k identifier.Key) identifier.Key {
	if n, known := s.naming[k]; known {
		return n
	}
	return k
}

// Decisions implements People.
func (s *solution) Decisions(k identifier.Key, p Purpose) (h consent.History) {
	if n := s.ev.Node(k); n != nil {
		h = n.Decisions[p]
	}
	return h
}

// Since implements People.
func (s *solution) Since(k identifier.Key) int64 {
	if n := s.ev.Node(k); n != nil {
		return n.Since()
	}
	return Never
}

func (s *solution) people(answer *Answer) {
	all := make([]*Node, 0, len(s.ev.nodes))
	for _, n := range s.ev.nodes {
		all = append(all, n)
		if n.Standing != Clean {
			answer.Nobody[s.name(n.Key)] = n.Standing.String()
		}
	}
	p := NewPartitioner(s.ev.kernel)
	components, _ := s.ev.Components(all) // all are loaded
	for _, c := range components {
		for _, person := range s.ev.Divide(p, c) {
			members := make([]string, len(person.Nodes))
			for i, n := range person.Nodes {
				members[i] = s.name(n.Key)
				s.naming[n.Key] = person.Naming
			}
			slices.Sort(members)
			answer.Profiles[s.name(person.Naming)] = members
		}
	}
}

// pair is how the answer names an edge: the lesser name first.
func (s *solution) pair(e *Edge) string {
	a, b := s.name(e.A), s.name(e.B)
	return min(a, b) + "|" + max(a, b)
}

func (s *solution) edges(answer *Answer) {
	for _, n := range s.ev.nodes {
		for _, e := range n.Edges {
			if e.Evidenced() || s.tells(e) || e.Act.Op == Ban || e.Act.Op == Together {
				answer.Edges[s.pair(e)] = e.Outcome.Text(e.Reason)
			}
		}
	}
}

// folds sums the leaves of each owner.
func (s *solution) folds(f *Facts, answer *Answer) {
	k := s.ev.kernel
	registers := map[identifier.Key]Register{}
	leaves := map[Leaf]Fold{}
	for _, e := range f.Events {
		references, shown := k.ShownBy(e.Event)
		for _, r := range references {
			registers[r], _ = registers[r].Join(shown...)
		}
		if l := k.leafOf(e); !l.IsZero() {
			leaves[l] = leaves[l].join(Fold{1, e.Amount, e.T, e.T})
		}
	}
	for l, fold := range leaves {
		owner := k.Owner(l, Span{fold.First, fold.Last}, registers[l.Reference], s, f.Now)
		name := s.name(owner.Key)
		if owner.Anonymous && faults.anonymousLost {
			continue
		}
		if owner.Anonymous {
			name = "anonymous:" + name
		}
		answer.Folds[name] = answer.Folds[name].join(fold)
	}
}

func (a Fold) join(b Fold) Fold {
	if a.Events == 0 {
		return b
	}
	return Fold{a.Events + b.Events, a.Amount + b.Amount, min(a.First, b.First), max(a.Last, b.Last)}
}
