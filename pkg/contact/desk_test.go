package contact_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"rcu/pkg/consent"
	"rcu/pkg/contact"
	"rcu/pkg/identifier"
	"rcu/pkg/resolve/statemem"
)

// entry is a contact as the model knows it, or one of its reservations: asked for again through another gate, a contact has one with each.
type entry struct {
	id, point, gate int // a reservation lies with the gate it was made through, a contact with its point
	made            bool
	at, expires     time.Time
}

// model counts contacts of people whose points come together and part.
type model struct {
	most    int
	window  time.Duration
	hold    time.Duration
	entries []entry
	parts   [][]int // people: their points
}

func (m *model) person(point int) []int {
	i := slices.IndexFunc(m.parts, func(p []int) bool { return slices.Contains(p, point) })
	return m.parts[i]
}

// count counts what stands in the way of a contact: everything made in the window, and reservations that hold, of those before it.
func (m *model) count(e entry, now time.Time, before bool) (n int) {
	seen := map[int]bool{e.id: true}
	for _, x := range m.entries {
		if seen[x.id] {
			continue
		}
		seen[x.id] = true
		switch x, found := m.find(x.id, e.point, now); {
		case !found:
		case x.made && now.Sub(x.at) < m.window:
			n++
		case !x.made && (!before || x.at.Before(e.at) || x.at.Equal(e.at) && x.id < e.id):
			n++
		}
	}
	return n
}

// find returns what the person of a point has of a contact: that it was made, or the last reservation that holds.
func (m *model) find(id, point int, now time.Time) (last entry, found bool) {
	mine := m.person(point)
	for _, x := range m.entries {
		stands := x.made || slices.Contains(mine, x.gate) && now.Before(x.expires)
		if x.id != id || !slices.Contains(mine, x.point) || !stands {
			continue
		}
		if !found || x.made || !last.made && x.at.After(last.at) {
			last, found = x, true
		}
	}
	return last, found
}

// release gives the places back that a contact has with the gates of a person.
func (m *model) release(id, point int) {
	mine := m.person(point)
	m.entries = slices.DeleteFunc(m.entries, func(x entry) bool { return x.id == id && !x.made && slices.Contains(mine, x.gate) })
}

// Over whole histories of reservations, confirmations, merges, splits and hours that pass, the desk allows what the model allows.
func TestDesk_histories(t *testing.T) {
	for range 5 {
		rapid.Check(t, oneHistory)
	}
}

func oneHistory(t *rapid.T) {
	const points = 5
	now := time.Unix(1_790_000_000, 0)
	m := &model{most: rapid.IntRange(1, 4).Draw(t, "most"), window: time.Duration(rapid.IntRange(1, 50).Draw(t, "window")) * time.Hour}
	r := contact.Default()
	r.Caps = []contact.Cap{{Most: m.most, Hours: int(m.window.Hours()), Source: "test"}}
	m.hold = r.Hold()
	desk := contact.NewDesk(statemem.NewContacts(func() time.Time { return now }), r)
	for p := range points {
		m.parts = append(m.parts, []int{p})
	}
	next := 0
	pointOfID := map[int]int{}
	for range rapid.IntRange(5, 60).Draw(t, "steps") {
		kind := rapid.SampledFrom([]string{"reserve", "reserve", "confirm", "confirm", "release", "again", "time", "merge", "split"}).Draw(t, "kind")
		point := rapid.IntRange(0, points-1).Draw(t, "point")
		id := next
		if kind == "reserve" {
			next++
			pointOfID[id] = point
		} else if next > 0 {
			id = rapid.IntRange(0, next-1).Draw(t, "id")
			if _, old := pointOfID[id]; old && (kind == "confirm" || kind == "release" || kind == "again") {
				point = pointOfID[id]
			}
		}
		gate := rapid.SampledFrom(m.person(point)).Draw(t, "gate") // whichever names the person now
		who := contact.Party{Space: "s", Controller: "c", Gate: pointOf(byte(gate))}
		for _, p := range m.person(point) {
			who.Points = append(who.Points, pointOf(byte(p)))
		}
		a := contact.Ask{ID: idOf(id), Channel: consent.ChannelEmail, Point: pointOf(byte(point))}
		yes := contact.Person{Permission: contact.Permission{Allowed: true}}
		ctx := context.Background()
		had, found := m.find(id, point, now)
		switch kind {
		case "reserve", "again":
			if kind == "again" && next == 0 {
				continue
			}
			e := entry{id: id, point: point, gate: gate, at: now, expires: now.Add(m.hold)}
			want := !found || !had.made
			if want && found {
				want = m.count(had, now, true) < m.most
			} else if want {
				want = m.count(e, now, false) < m.most
			}
			v, c, err := desk.Reserve(ctx, who, a, yes, now)
			if err != nil || v.Allowed != want {
				t.Fatalf("reserve %d: %+v, %v, want %v", id, v, err, want)
			}
			if want && !found {
				m.entries = append(m.entries, e)
			} else if want && c.At != had.at.Unix() {
				t.Fatalf("another place for the same contact: %+v", c)
			}
		case "confirm":
			want := found && !had.made && m.count(had, now, true) < m.most
			v, _, err := desk.Confirm(ctx, who, a, yes, now)
			if err != nil || v.Allowed != want {
				t.Fatalf("confirm %d: %+v, %v, want %v", id, v, err, want)
			}
			if m.release(id, point); want {
				had.made, had.at = true, now
				m.entries = append(m.entries, had)
			}
		case "release":
			if _, err := desk.Release(ctx, who, a, now); err != nil {
				t.Fatal(err)
			}
			m.release(id, point)
		case "time":
			now = now.Add(time.Duration(rapid.IntRange(1, 3600*3).Draw(t, "seconds")) * time.Second)
		case "merge":
			m.merge(point, rapid.IntRange(0, points-1).Draw(t, "with"))
		case "split":
			m.split(point)
		}
	}
}

func (m *model) merge(a, b int) {
	pa, pb := m.person(a), m.person(b)
	if slices.Equal(pa, pb) {
		return
	}
	m.parts = slices.DeleteFunc(m.parts, func(p []int) bool { return slices.Equal(p, pa) || slices.Equal(p, pb) })
	m.parts = append(m.parts, slices.Concat(pa, pb))
}

func (m *model) split(a int) {
	p := m.person(a)
	rest := slices.DeleteFunc(slices.Clone(p), func(x int) bool { return x == a })
	if len(rest) == 0 {
		return
	}
	m.parts = slices.DeleteFunc(m.parts, func(x []int) bool { return slices.Equal(x, p) })
	m.parts = append(m.parts, rest, []int{a})
}

func TestDesk_permissionIsAskedAgainAtHandOver(t *testing.T) {
	now := paris(t, "2026-09-07 11:00")
	desk := contact.NewDesk(statemem.NewContacts(func() time.Time { return now }), contact.Default())
	who := contact.Party{Space: "s", Controller: "c", Gate: pointOf(1), Points: []identifier.Key{pointOf(1)}}
	a := contact.Ask{ID: idOf(1), Channel: consent.ChannelEmail, Point: pointOf(1)}
	yes := contact.Person{Permission: agreed(now)}
	if v, _, err := desk.Reserve(t.Context(), who, a, yes, now); err != nil || !v.Allowed {
		t.Fatal(v, err)
	}
	no := contact.Person{Permission: contact.Permission{Because: "withdrawn"}}
	if v, _, err := desk.Confirm(t.Context(), who, a, no, now); err != nil || v.Reason != contact.ReasonPermission {
		t.Fatalf("%+v, %v", v, err)
	}
	if v, _, err := desk.Confirm(t.Context(), who, a, yes, now); err != nil || v.Reason != contact.ReasonExpired {
		t.Fatalf("what was refused gave its place back: %+v, %v", v, err)
	}
	if v, _, err := desk.Confirm(t.Context(), who, contact.Ask{ID: idOf(2), Channel: consent.ChannelEmail, Point: pointOf(1)}, yes, now); err != nil || v.Reason != contact.ReasonExpired {
		t.Fatalf("never reserved: %+v, %v", v, err)
	}
}

func TestDesk_reservationExpires(t *testing.T) {
	now := paris(t, "2026-09-07 11:00")
	r := contact.Default()
	desk := contact.NewDesk(statemem.NewContacts(func() time.Time { return now }), r)
	who := contact.Party{Space: "s", Controller: "c", Gate: pointOf(1), Points: []identifier.Key{pointOf(1)}}
	a := contact.Ask{ID: idOf(1), Channel: consent.ChannelEmail, Point: pointOf(1)}
	b := contact.Ask{ID: idOf(2), Channel: consent.ChannelEmail, Point: pointOf(1)}
	yes := contact.Person{Permission: agreed(now)}
	if v, c, err := desk.Reserve(t.Context(), who, a, yes, now); err != nil || !v.Allowed || c.Expires != now.Add(15*time.Minute).Unix() {
		t.Fatal(v, err)
	}
	v, _, err := desk.Reserve(t.Context(), who, b, yes, now.Add(time.Minute))
	if err != nil || v.Reason != contact.ReasonCap || !v.Next.Equal(now.Add(15*time.Minute)) {
		t.Fatalf("one a day: %+v, %v", v, err)
	}
	now = now.Add(15 * time.Minute)
	if v, _, err := desk.Confirm(t.Context(), who, a, yes, now); err != nil || v.Reason != contact.ReasonExpired {
		t.Fatalf("%+v, %v", v, err)
	}
	if v, _, err := desk.Reserve(t.Context(), who, b, yes, now); err != nil || !v.Allowed {
		t.Fatalf("%+v, %v", v, err)
	}
}

func TestDesk_refusalInACall(t *testing.T) {
	now := paris(t, "2026-09-07 11:00")
	desk := contact.NewDesk(statemem.NewContacts(func() time.Time { return now }), contact.Default())
	yes := contact.Person{Permission: agreed(now)}
	a := callTo(t, "FR")
	a.ID, a.Point = idOf(1), pointOf(1)
	both := contact.Party{Space: "s", Controller: "c", Gate: pointOf(2), Points: []identifier.Key{pointOf(1), pointOf(2)}}
	for range 2 { // whatever is known of the call, and once more
		if _, err := desk.Decline(t.Context(), both, a, now); err != nil {
			t.Fatal(err)
		}
	}
	now = paris(t, "2026-10-20 11:00")
	parted := contact.Party{Space: "s", Controller: "c", Gate: pointOf(1), Points: []identifier.Key{pointOf(1)}}
	for _, who := range []contact.Party{both, parted} {
		a.ID = idOf(2)
		if v, _, err := desk.Reserve(t.Context(), who, a, yes, now); err != nil || v.Reason != contact.ReasonSilence {
			t.Fatalf("%+v, %v", v, err)
		}
	}
}

// away is a store that cannot be reached, or holds what nobody wrote.
type away struct {
	contact.Store
	value []byte
	err   error
}

func (s away) LoadContacts(_ context.Context, keys []string) ([]contact.Stored, error) {
	out := make([]contact.Stored, len(keys))
	for i := range out {
		out[i] = contact.Stored{Key: keys[i], Version: 1, Value: s.value}
	}
	return out, s.err
}

func (away) CommitContacts(context.Context, contact.Stored, time.Time) (bool, error) {
	return false, nil
}

func TestDesk_whatCannotBeReadAllowsNothing(t *testing.T) {
	now := paris(t, "2026-09-07 11:00")
	who := contact.Party{Gate: pointOf(1), Points: []identifier.Key{pointOf(1)}}
	a := contact.Ask{ID: idOf(1), Channel: consent.ChannelEmail, Point: pointOf(1)}
	gone := errors.New("connection refused")
	for _, tt := range []struct {
		store away
		want  error
	}{{away{err: gone}, gone}, {away{value: []byte{9}}, contact.ErrCorrupt}, {away{}, contact.ErrContended}} {
		desk := contact.NewDesk(tt.store, contact.Default())
		v, _, err := desk.Reserve(t.Context(), who, a, contact.Person{Permission: agreed(now)}, now)
		if !errors.Is(err, tt.want) {
			t.Errorf("%+v, %v", v, err)
		}
		if v, _, err := desk.Confirm(t.Context(), who, a, contact.Person{Permission: agreed(now)}, now); v.Allowed || err == nil && v.Reason == contact.ReasonNone {
			t.Errorf("%+v, %v", v, err)
		}
	}
}
