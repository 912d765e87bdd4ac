package consentapi

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"time"

	"rcu/pkg/consent"
	"rcu/pkg/identifier"
	"rcu/pkg/profile"
	"rcu/pkg/resolve"
	"rcu/services/internal/reveal"
)

// Records reads people with everything that is known of them (resolve.Reader).
type Records interface {
	People(ctx context.Context, space string, keys []identifier.Key, now int64) ([]*resolve.Person, error)
}

// roleCustomer is who looks in the lines of the audit when people look at their own record.
const roleCustomer = "customer"

var (
	partedRecord = refuse(http.StatusConflict, "parted", "", "log in again: the record was parted since")
	accountOnly  = refuse(http.StatusForbidden, "account_only", "", "log in to the account: a link is about its point alone")
)

// record is what one controller knows of the person of a session: combined, with the means to open what is sealed.
type record struct {
	profile profile.Profile
	leaves  []*profile.State
	open    reveal.Secrets
	closed  consent.Overlay // nothing is shown of a record that is closed
	numbers map[string]string
	points  map[identifier.Key]pointKnown
}

// pointKnown is a point of the person, and where it is known from.
type pointKnown struct {
	value  string
	source string
	at     time.Time
}

// recordOf reads the record of the person of a session, and names the points of the visit by it. A link is about one point, and a record that
// was parted since the log-in is not shown.
func (s *Service) recordOf(ctx context.Context, v *visit) (*record, *problem) {
	switch {
	case !v.whole:
		return nil, accountOnly
	case !v.joined:
		return nil, partedRecord
	case s.deps.Records == nil:
		return nil, unavailable
	}
	points, err := s.settled(ctx, v.token.Space, v.token.Controller, v.points)
	if err != nil || slices.ContainsFunc(points, func(p consent.Point) bool { return p.Unreadable }) {
		return nil, unavailable
	}
	if closed := consent.Closed(points, s.now().Unix()); closed != "" {
		return &record{closed: closed}, nil
	}
	x, err := s.readRecord(ctx, v)
	if err != nil {
		return nil, unavailable
	}
	x.hint(v)
	return x, nil
}

// readRecord reads, combines and prepares to open the leaves of the person that the controller of a session collected.
func (s *Service) readRecord(ctx context.Context, v *visit) (*record, error) {
	ctx, cancel := context.WithTimeout(ctx, s.cfg.RedisTimeout)
	defer cancel()
	space, controller := v.token.Space, v.token.Controller
	people, err := s.deps.Records.People(ctx, space, v.proved[:1], s.now().Unix())
	if err != nil {
		return nil, err //nolint:wrapcheck // the caller answers without it
	}
	leaves, err := s.readable(ctx, v, people[0].Owned(controller))
	if err != nil {
		return nil, err
	}
	x := &record{leaves: leaves, profile: profile.CombineBy(leaves, people[0].Survivorship), numbers: map[string]string{}, points: map[identifier.Key]pointKnown{}}
	if x.open, err = reveal.Open(ctx, s.deps.Cells, s.deps.Keyring, space, leaves); err != nil {
		return nil, err //nolint:wrapcheck // the caller answers without it
	}
	for _, t := range x.profile.Traits {
		k, is := resolve.ParseIdentifierTrait(t.Name)
		if !is {
			continue
		}
		value, ok := x.open.Best(&t)
		switch {
		case !ok:
		case k.Namespace.Kind() == identifier.KindReference:
			x.numbers[k.Value] = resolve.NumberOf(value)
		case slices.Contains(v.points, k): // what stood on an event of the person and is somebody else's by now is not told
			x.points[k] = pointKnown{value, t.Source, time.UnixMicro(t.At).UTC()}
		}
	}
	return x, nil
}

// readable leaves out the browsing that no gate would show: of a device whose register does not allow it as of now.
func (s *Service) readable(ctx context.Context, v *visit, owned []*profile.State) ([]*profile.State, error) {
	var devices []identifier.Key
	for _, l := range owned {
		if d := l.Leaf().Device; d.Value != "" && !slices.Contains(devices, d) {
			devices = append(devices, d)
		}
	}
	points, err := s.registers.load(ctx, v.token.Space, v.token.Controller, devices)
	if err != nil {
		return nil, err
	}
	now := s.now().Unix()
	return slices.DeleteFunc(owned, func(l *profile.State) bool {
		leaf := l.Leaf()
		if leaf.Device.Value == "" {
			return false
		}
		i := slices.Index(devices, leaf.Device)
		return points[i].Unreadable || !points[i].Register.AllowsBrowsing(leaf.Stamp, l.First()/1e6, l.Last()/1e6, now)
	}), nil
}

// hint names the points that the log-in does not prove, from what the record holds.
func (x *record) hint(v *visit) {
	for k, known := range x.points {
		if h := reveal.Hint(k.Namespace, known.value); h != "" && v.hints[k] == "" {
			v.hints[k] = h
		}
	}
}

// values are all that is known of one attribute, the one that is used first.
func (x *record) values(t profile.SurvivingTrait) []traitKnown {
	var out []traitKnown
	for _, one := range append([]profile.Trait{t.Trait}, t.Others...) {
		value, ok := x.open.Best(&profile.SurvivingTrait{Trait: one})
		if !ok {
			continue
		}
		out = append(out, traitKnown{
			Name: t.Name, Value: value, Source: one.Source, Trust: trustNames[one.Trust], At: time.UnixMicro(one.At).UTC(), Used: len(out) == 0,
		})
	}
	return out
}

// traits are all attributes with everything that is known of them, by name.
func (x *record) traits() []traitKnown {
	var out []traitKnown
	for _, t := range x.profile.Traits {
		if _, is := resolve.ParseIdentifierTrait(t.Name); !is {
			out = append(out, x.values(t)...)
		}
	}
	return out
}

// events are the newest events of the record, newest first.
func (x *record) events() []eventKnown {
	out := []eventKnown{}
	for _, l := range x.leaves {
		for _, e := range l.Log() {
			out = append(out, eventKnownOf(e))
		}
	}
	slices.SortStableFunc(out, func(a, b eventKnown) int { return cmp.Or(b.At.Compare(a.At), cmp.Compare(a.Type, b.Type)) })
	return out
}
