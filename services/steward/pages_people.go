package steward

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"rcu/pkg/consent"
	"rcu/pkg/event"
	"rcu/pkg/identifier"
	"rcu/pkg/profile"
	"rcu/pkg/resolve"
	"rcu/services/internal/reveal"
)

// Limits of what a page shows of people.
const (
	maxSheetIdentifiers = 12  // of one person
	maxCrowd            = 128 // identifiers whose people are read for one page
)

// sheet is a person as a page shows them: what a steward may see of those whom a controller of the key knows, and no more. Of a record that is closed
// (erased, restricted, of somebody who died) that is the ids alone.
type sheet struct {
	Name        string // the id
	Called      string // masked
	First, Last time.Time
	Channels    []string
	Identifiers []shownIdentifier
	More        int  // identifiers that are not listed
	Nobody      bool // it is a value that identifies nobody
}

// shownIdentifier is an identifier with its masked value, where the steward may see one.
type shownIdentifier struct {
	Identifier
	Value    string
	Standing string
}

// crowd is what is known of the people of one page, for one steward.
type crowd struct {
	values    map[string]string // masked, by the name of an identifier
	standings map[string]string
	people    map[string]*sheet // by id
	ids       map[string]string // id of the person, by the name of an identifier
}

// crowdOf reads the people who hold identifiers, by their names; what lies beyond the limit of a page is not read.
func (s *Service) crowdOf(ctx context.Context, q request, names []string) (*crowd, error) {
	out := &crowd{values: map[string]string{}, standings: map[string]string{}, people: map[string]*sheet{}, ids: map[string]string{}}
	slices.Sort(names)
	names = slices.Compact(names)
	var keys []identifier.Key
	for _, name := range names[:min(len(names), maxCrowd)] {
		if p, err := s.deps.Keyring.Identifier(q.reader.Space, name); err == nil {
			keys = append(keys, identifier.KeyOf("", p))
		}
	}
	now := s.deps.Now().Unix()
	for some := range slices.Chunk(keys, besideStep) {
		people, err := resolve.NewReader(s.deps.Graph, s.deps.Cells).People(ctx, q.reader.Space, some, now)
		if err != nil {
			return nil, fmt.Errorf("reading the people of a page: %w", err)
		}
		for _, p := range people {
			if err := s.join(ctx, q, out, p); err != nil {
				return nil, err
			}
		}
	}
	for _, one := range out.people {
		one.Identifiers = out.identifiers(one.Identifiers)
	}
	return out, nil
}

// join adds a person to a crowd.
func (s *Service) join(ctx context.Context, q request, c *crowd, p *resolve.Person) error {
	space := q.reader.Space
	id := s.name(space, p.Canonical)
	asked := s.name(space, p.Asked)
	c.ids[asked], c.standings[asked] = id, p.Standing.String()
	if c.people[id] != nil {
		return nil
	}
	one := &sheet{Name: id}
	c.people[id] = one
	for _, m := range p.Members {
		one.Identifiers = append(one.Identifiers, shownIdentifier{Identifier: s.identifier(space, m)})
	}
	slices.SortFunc(one.Identifiers, func(a, b shownIdentifier) int { return compareIdentifiers(a.Identifier, b.Identifier) })
	var leaves []*profile.State
	for _, controller := range q.reader.Controllers {
		owned := slices.DeleteFunc(p.Owned(controller), func(l *profile.State) bool { return l.Leaf().Device.Value != "" }) // who browsed what is no matter of who is who
		if len(owned) == 0 {
			continue
		}
		closed, err := s.closed(ctx, space, controller, p)
		if err != nil {
			return err
		}
		if !closed {
			leaves = append(leaves, owned...)
		}
	}
	return s.fill(ctx, space, c, one, leaves, p.Survivorship)
}

// closed reports whether an overlay closes the record of a person with a controller, or may: a register of theirs cannot be read.
func (s *Service) closed(ctx context.Context, space, controller string, p *resolve.Person) (bool, error) {
	keys := slices.Clone(p.Members)
	for _, l := range p.Leaves {
		if d := l.State.Leaf().Device; l.Controller == controller && l.Owned && d.Value != "" {
			keys = append(keys, d) // a shared device is no member of the people who logged in on it
		}
	}
	points, err := resolve.LoadPoints(ctx, s.deps.Cells, space, controller, keys)
	if err != nil {
		return false, err //nolint:wrapcheck // says all
	}
	unreadable := slices.ContainsFunc(points, func(x consent.Point) bool { return x.Unreadable })
	return unreadable || consent.Closed(points, s.deps.Now().Unix()) != "", nil
}

// shut reports whether nothing may be told of how a person hangs together, as the profile API answers 423: the record is closed with every controller
// of the key that knows them. What nobody knows, and what stands for nobody, is nobody's to close.
func (s *Service) shut(ctx context.Context, q request, p *resolve.Person) (bool, error) {
	known := false
	for _, controller := range q.reader.Controllers {
		if len(p.Owned(controller)) == 0 {
			continue
		}
		closed, err := s.closed(ctx, q.reader.Space, controller, p)
		if err != nil || !closed {
			return false, err
		}
		known = true
	}
	return known, nil
}

// fill adds what leaves tell of a person.
func (s *Service) fill(ctx context.Context, space string, c *crowd, one *sheet, leaves []*profile.State, by profile.Survivorship) error {
	if len(leaves) == 0 {
		return nil
	}
	secrets, err := reveal.Open(ctx, s.deps.Cells, s.deps.Keyring, space, leaves)
	if err != nil {
		return err //nolint:wrapcheck // says all
	}
	combined := profile.CombineBy(leaves, by)
	one.First, one.Last = time.UnixMicro(combined.First).UTC(), time.UnixMicro(combined.Last).UTC()
	for _, a := range combined.Activity {
		if name := event.ChannelName(a.Channel); name != "" {
			one.Channels = append(one.Channels, name)
		}
	}
	var given, family string
	for _, t := range combined.Traits {
		key, isIdentifier := resolve.ParseIdentifierTrait(t.Name)
		isIdentifier = isIdentifier && recognises(key.Namespace)
		if t.Name != "given_name" && t.Name != "family_name" && !isIdentifier {
			continue
		}
		value, ok := secrets.Best(&t)
		switch {
		case !ok:
		case t.Name == "given_name":
			given = reveal.Mask("", value)
		case t.Name == "family_name":
			family = reveal.Mask("", value)
		default:
			c.values[s.name(space, key)] = reveal.Mask(key.Namespace, value)
		}
	}
	one.Called = strings.TrimSpace(given + " " + family)
	return nil
}

// recognises reports whether people recognise each other by the values of a namespace.
func recognises(ns identifier.Namespace) bool {
	return ns.Kind() == identifier.KindPerson && ns != identifier.Pay
}

// shown is an identifier as the crowd knows it.
func (c *crowd) shown(i Identifier) shownIdentifier {
	return shownIdentifier{Identifier: i, Value: c.values[i.Name], Standing: c.standings[i.Name]}
}

func (c *crowd) identifiers(list []shownIdentifier) []shownIdentifier {
	for i := range list {
		list[i] = c.shown(list[i].Identifier)
	}
	return list
}

// person is the sheet of the person who holds an identifier; where the identifier stands for nobody, of itself alone.
func (c *crowd) person(i Identifier) *sheet {
	if one := c.people[c.ids[i.Name]]; one != nil {
		return one.cut()
	}
	return (&sheet{Name: i.Name, Identifiers: []shownIdentifier{c.shown(i)}}).cut()
}

// sheetOf is a person as an answer of the service names them.
func (c *crowd) sheetOf(p Person) *sheet {
	one := &sheet{Name: p.RCUID}
	if known := c.people[p.RCUID]; known != nil {
		one.Called = known.Called
	}
	for _, i := range p.Identifiers {
		one.Identifiers = append(one.Identifiers, c.shown(i))
	}
	slices.SortFunc(one.Identifiers, func(a, b shownIdentifier) int { return compareIdentifiers(a.Identifier, b.Identifier) })
	return one.cut()
}

// cut leaves out what does not fit on a sheet, and counts it.
func (x *sheet) cut() *sheet {
	out := *x
	out.Identifiers = x.Identifiers[:min(len(x.Identifiers), maxSheetIdentifiers)]
	out.More = len(x.Identifiers) - len(out.Identifiers)
	out.Nobody = len(x.Identifiers) == 1 && !x.Identifiers[0].Identifies()
	return &out
}

// Identifies reports whether the identifier stands for one person.
func (i shownIdentifier) Identifies() bool { return i.Standing == "" || i.Standing == "clean" }
