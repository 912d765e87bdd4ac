package ledger

import (
	"cmp"
	"slices"
	"strings"

	"rcu/pkg/consent"
	"rcu/pkg/event/registry"
	"rcu/pkg/identifier"
)

// topic is what a register is about: one controller, one point, one purpose and channel.
type topic struct {
	controller string
	point      Point
	consent.PurposeChannel
}

// Ledger is a set of facts. The zero value is not usable: see New. It is not safe for concurrent use.
type Ledger struct {
	reg        *registry.Registry
	statements map[topic][]Statement
	wide       map[topic][]Statement // denials of whole people, by person in place of the point
	person     map[Point]string
	named      map[string][]Point // by person: points that somebody said are theirs
	points     map[Point]bool
	overlays   map[string][]Overlay
	ages       map[string][]Age
	sales      map[Point][]Sale
	retracted  map[sold]int64 // since when it is known
	activities map[Point][]Activity
	wishes     map[asker][]Wished
	contacts   map[asker][]Contacted
}

// New returns an empty ledger that answers by a register of purposes.
func New(reg *registry.Registry) *Ledger {
	return &Ledger{
		reg: reg, statements: map[topic][]Statement{}, wide: map[topic][]Statement{}, person: map[Point]string{}, named: map[string][]Point{}, points: map[Point]bool{},
		overlays: map[string][]Overlay{}, ages: map[string][]Age{}, sales: map[Point][]Sale{}, retracted: map[sold]int64{}, activities: map[Point][]Activity{},
		wishes: map[asker][]Wished{}, contacts: map[asker][]Contacted{},
	}
}

// State adds a statement, which Check let pass. The end of a grant is that of its purpose where it states none, or a later one.
func (l *Ledger) State(s Statement) {
	if info, ok := consent.PurposeOf(s.Topic.Purpose); ok && s.Kind == Grant {
		s.ExpiresAt = info.EndOn(s.Topic.Channel, s.DecidedAt, s.ExpiresAt)
	}
	if s.Kind == Grant && !s.Carried && l.reg.Waits(s.Act, s.Point.Namespace) {
		s.Kind = Pending
	}
	if s.Point == (Point{}) {
		t := topic{s.Controller, personPoint(s.Person), s.Topic}
		l.wide[t] = append(l.wide[t], s)
		return
	}
	t := topic{s.Controller, s.Point, s.Topic}
	l.statements[t] = append(l.statements[t], s)
	l.points[s.Point] = true
}

// wholePerson is the namespace of what was said of a person; no point has one without letters.
const wholePerson identifier.Namespace = "*"

// personPoint stands for a person where a point is asked for.
func personPoint(name string) Point { return Point{wholePerson, name} }

// Belongs says that a point is one of a person's. Of two people who have it the first by name counts, whatever the order.
func (l *Ledger) Belongs(m Member) {
	if held, known := l.person[m.Point]; !known || m.Person < held {
		l.person[m.Point] = m.Person
	}
	l.named[m.Person] = append(l.named[m.Person], m.Point)
	l.points[m.Point] = true
}

// pointsOf lists the points of the person whose point it is; itself alone where nobody is known.
func (l *Ledger) pointsOf(p Point) []Point {
	person, known := l.person[p]
	if !known {
		return []Point{p}
	}
	var out []Point
	for _, x := range l.named[person] {
		if l.person[x] == person {
			out = append(out, x)
		}
	}
	return out
}

// Overlay adds what masks the decisions of a person.
func (l *Ledger) Overlay(o Overlay) { l.overlays[o.Person] = append(l.overlays[o.Person], o) }

// Age adds the band of a person.
func (l *Ledger) Age(a Age) { l.ages[a.Person] = append(l.ages[a.Person], a) }

// Sold adds a sale.
func (l *Ledger) Sold(s Sale) {
	l.sales[s.Point] = append(l.sales[s.Point], s)
	l.points[s.Point] = true
}

// sold names a sale of a controller.
type sold struct{ controller, sale string }

// TakenBack adds that a sale was taken back.
func (l *Ledger) TakenBack(r Retraction) {
	name := sold{r.Controller, r.Sale}
	if known, again := l.retracted[name]; !again || r.RecordedAt < known {
		l.retracted[name] = r.RecordedAt
	}
}

// stands reports whether nobody knew yet that a sale was taken back.
func (l *Ledger) stands(s Sale, known int64) bool {
	names := []string{s.ID}
	if i := strings.LastIndexByte(s.ID, '#'); i >= 0 {
		names = append(names, s.ID[:i])
	}
	return !slices.ContainsFunc(names, func(name string) bool {
		at, back := l.retracted[sold{s.Controller, name}]
		return back && at <= known
	})
}

// Acted adds an act of the person.
func (l *Ledger) Acted(a Activity) { l.activities[a.Point] = append(l.activities[a.Point], a) }

// Points lists every point that a fact names, in order.
func (l *Ledger) Points() []Point {
	out := make([]Point, 0, len(l.points))
	for p := range l.points {
		out = append(out, p)
	}
	slices.SortFunc(out, comparePoints)
	return out
}

func comparePoints(a, b Point) int {
	return cmp.Or(cmp.Compare(a.Namespace.Rank(), b.Namespace.Rank()), cmp.Compare(a.Value, b.Value))
}

// Controllers lists every controller that a fact names, in order.
func (l *Ledger) Controllers() []string {
	seen := map[string]bool{}
	for t := range l.statements {
		seen[t.controller] = true
	}
	for t := range l.wide {
		seen[t.controller] = true
	}
	for _, sales := range l.sales {
		for _, s := range sales {
			seen[s.Controller] = true
		}
	}
	out := make([]string, 0, len(seen))
	for c := range seen {
		out = append(out, c)
	}
	slices.Sort(out)
	return out
}

// Decided lists the purposes and channels that anything was decided about, in order.
func (l *Ledger) Decided() []consent.PurposeChannel {
	seen := map[consent.PurposeChannel]bool{}
	for t := range l.statements {
		seen[t.PurposeChannel] = true
	}
	for t := range l.wide {
		seen[t.PurposeChannel] = true
	}
	out := make([]consent.PurposeChannel, 0, len(seen))
	for pc := range seen {
		out = append(out, pc)
	}
	slices.SortFunc(out, func(a, b consent.PurposeChannel) int {
		return cmp.Or(cmp.Compare(a.Purpose, b.Purpose), cmp.Compare(a.Channel, b.Channel))
	})
	return out
}
