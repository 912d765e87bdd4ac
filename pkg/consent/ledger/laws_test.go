package ledger

import (
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"rcu/pkg/consent"
	"rcu/pkg/event/registry"
	"rcu/pkg/identifier"
	"rcu/schemas"
)

var mailing = consent.PurposeChannel{Purpose: consent.Marketing, Channel: consent.ChannelEmail}

var mails = []Point{{identifier.Email, "e1"}, {identifier.Email, "e2"}, {identifier.Email, "e3"}}

func purposes(t testing.TB) *registry.Registry {
	t.Helper()
	r, err := registry.Load(schemas.Files)
	require.NoError(t, err)
	return r
}

// history is a random set of statements about one person's three addresses, in seconds, with both clocks.
func history(r *rand.Rand) []Statement {
	out := make([]Statement, 1+r.IntN(8))
	for i := range out {
		s := Statement{
			ID: fmt.Sprint(r.IntN(30), "-", i), Controller: "shop", Topic: mailing, Kind: Kind(1 + r.IntN(4)), Act: "store_tablet_signed",
			DecidedAt: int64(r.IntN(6)), ExpiresAt: int64(r.IntN(3) * 8),
		}
		s.RecordedAt = s.DecidedAt + int64(r.IntN(4))
		switch p := r.IntN(4); {
		case p < 3:
			s.Point = mails[p]
			s.Carried = s.Kind == Grant && r.IntN(2) == 0
		case s.Kind == Grant:
			s.Point = mails[0]
		default:
			s.Person = "anna"
		}
		out[i] = s
	}
	return out
}

func ledgerOf(reg *registry.Registry, ss []Statement) *Ledger {
	l := New(reg)
	for _, p := range mails {
		l.Belongs(Member{"anna", p})
	}
	for _, s := range ss {
		l.State(s)
	}
	return l
}

// refWins, refAllowed are consent.md 3.5 and Appendix C, over the statements that were decided by t and recorded by known.
func refWins(a, b Statement) bool {
	exp := func(s Statement) int64 {
		if s.ExpiresAt == 0 || s.Kind != Grant {
			return math.MaxInt64
		}
		return s.ExpiresAt
	}
	switch {
	case a.DecidedAt != b.DecidedAt:
		return a.DecidedAt > b.DecidedAt
	case a.Kind != b.Kind:
		return a.Kind > b.Kind
	case exp(a) != exp(b):
		return exp(a) < exp(b)
	}
	return a.ID > b.ID
}

func refAllowed(ss []Statement, point Point, t, known int64) bool {
	var said, carried, person *Statement
	win := func(into **Statement, s *Statement) {
		if *into == nil || refWins(*s, **into) {
			*into = s
		}
	}
	for i := range ss {
		s := &ss[i]
		switch {
		case s.DecidedAt > t || s.RecordedAt > known:
		case s.Person != "":
			win(&person, s)
		case s.Point != point:
		case s.Kind == Grant && s.Carried:
			win(&carried, s)
		default:
			win(&said, s)
		}
	}
	e := said
	if e == nil {
		e = carried
	}
	if e == nil || e.Kind != Grant || e.ExpiresAt != 0 && e.ExpiresAt <= t {
		return false
	}
	return person == nil || !e.Carried && e.DecidedAt > person.DecidedAt
}

// refStands: a yes has a grant for this very point, later than every denial of the point and of the person that was known.
func refStands(ss []Statement, point Point, t, known int64) bool {
	return slices.ContainsFunc(ss, func(g Statement) bool {
		if g.Point != point || g.Kind != Grant || g.DecidedAt > t || g.RecordedAt > known || g.ExpiresAt != 0 && g.ExpiresAt <= t {
			return false
		}
		return !slices.ContainsFunc(ss, func(d Statement) bool {
			return d.Kind.Denies() && d.RecordedAt <= known && d.DecidedAt <= t && (d.Point == point || d.Person != "") && (d.DecidedAt >= g.DecidedAt || g.Carried)
		})
	})
}

// broken runs histories until a law breaks, or as many checks as are asked for were made; a check is one question held against every law.
func broken(reg *registry.Registry, seed uint64, checks int) error {
	r := rand.New(rand.NewPCG(seed, 7))
	for done := 0; done < checks; {
		ss := history(r)
		l := ledgerOf(reg, ss)
		mixed := append(slices.Clone(ss), ss[:r.IntN(len(ss)+1)]...)
		r.Shuffle(len(mixed), func(i, j int) { mixed[i], mixed[j] = mixed[j], mixed[i] })
		other := ledgerOf(reg, mixed)
		for range 8 {
			q := Question{Controller: "shop", Point: mails[r.IntN(3)], Topic: mailing, At: int64(r.IntN(18)), KnownAt: int64(r.IntN(12))}
			if r.IntN(2) == 0 {
				q.EventAt = 1 + int64(r.IntN(int(q.At)+1))
			}
			if err := lawsOf(reg, ss, l, other, q); err != nil {
				return fmt.Errorf("%w: %+v in %+v", err, q, ss)
			}
			done++
		}
	}
	return nil
}

func lawsOf(reg *registry.Registry, ss []Statement, l, mixed *Ledger, q Question) error {
	got := l.Ask(q)
	want := refAllowed(ss, q.Point, q.At, q.KnownAt) && (q.EventAt == 0 || refAllowed(ss, q.Point, q.EventAt, q.KnownAt))
	switch {
	case !reflect.DeepEqual(got, mixed.Ask(q)):
		return fmt.Errorf("order or repetition matters")
	case got.Allowed != want:
		return fmt.Errorf("allowed is %t, the reference says %t (%s)", got.Allowed, want, got.Because)
	case got.Allowed && !refStands(ss, q.Point, q.At, q.KnownAt):
		return fmt.Errorf("resurrected")
	case got.Allowed == (got.Because != BecauseGranted && got.Because != BecauseCarried):
		return fmt.Errorf("%t because %s", got.Allowed, got.Because)
	}
	known := ledgerOf(reg, slices.DeleteFunc(slices.Clone(ss), func(s Statement) bool { return s.RecordedAt > q.KnownAt }))
	late := q
	late.KnownAt = 1 << 40
	if !reflect.DeepEqual(got, known.Ask(late)) {
		return fmt.Errorf("what was recorded later changes what was known")
	}
	return nil
}

const lawChecks = 480_000

// The laws of consent.md 3.5 on two clocks: 60,000 histories, 480,000 questions, each held against every law.
func TestLaws(t *testing.T) {
	reg := purposes(t)
	const parts = 8
	for part := range parts {
		t.Run(fmt.Sprint(part), func(t *testing.T) {
			t.Parallel()
			require.NoError(t, broken(reg, uint64(part), lawChecks/parts))
		})
	}
}

// The seven faults of consent.md 3.5, planted one by one.
func TestPlantedFaultsAreCaught(t *testing.T) {
	reg := purposes(t)
	for name, fault := range map[string]*bool{
		"permissive tie": &faults.permissiveTie, "import counted as a fresh act": &faults.importSaid, "no id tie-break": &faults.noLastTie,
		"expiry tie-break dropped": &faults.expiryTieDropped, "person-wide denial ignored": &faults.wideIgnored,
		"delete on revoke": &faults.revokingDeletes, "merge overwrites": &faults.firstHolds,
	} {
		t.Run(name, func(t *testing.T) {
			*fault = true
			defer func() { *fault = false }()
			assert.Error(t, broken(reg, 1, 40_000))
		})
	}
	require.NoError(t, broken(reg, 1, 40_000))
}

// At one instant the shorter consent holds, whatever the ids.
func TestExpiryTie(t *testing.T) {
	reg := purposes(t)
	for _, ids := range [][2]string{{"b", "a"}, {"a", "b"}} {
		l := ledgerOf(reg, []Statement{
			{ID: ids[0], Controller: "shop", Point: mails[0], Topic: mailing, Kind: Grant, Act: "paper", DecidedAt: 1, Carried: true},
			{ID: ids[1], Controller: "shop", Point: mails[0], Topic: mailing, Kind: Grant, Act: "paper", DecidedAt: 1, ExpiresAt: 8, Carried: true},
		})
		q := Question{Controller: "shop", Point: mails[0], Topic: mailing, At: 9, KnownAt: 9}
		assert.Equal(t, BecauseExpired, l.Ask(q).Because)
		q.At = 7
		assert.True(t, l.Ask(q).Allowed)
	}
}

// retold is a history in which some grants are sent again with another time, and one waits for its confirmation, whatever was denied meanwhile.
func retold(r *rand.Rand) []Statement {
	ss := history(r)
	for _, s := range slices.Clone(ss) {
		if s.Kind == Grant && r.IntN(3) == 0 {
			s.DecidedAt, s.RecordedAt = int64(r.IntN(6)), 9
			ss = append(ss, s)
		}
	}
	asked := Statement{
		ID: "p", Controller: "shop", Point: mails[r.IntN(3)], Topic: mailing, Kind: Pending, Act: "web_form", DecidedAt: int64(r.IntN(5)), ExpiresAt: int64(r.IntN(3) * 8),
	}
	said := asked
	said.ID, said.Kind, said.Confirms, said.DecidedAt = "q", Confirm, "p", asked.DecidedAt+int64(r.IntN(4))
	return append(ss, asked, said)
}

// registerOfAll is what the services make of statements at a point.
func registerOfAll(ss []Statement, p Point) (out consent.Register) {
	info, _ := consent.PurposeOf(mailing.Purpose)
	for _, s := range ss {
		if s.Point != p && s.Person == "" {
			continue
		}
		d := s.decision()
		if s.Kind == Confirm {
			asked := ss[slices.IndexFunc(ss, func(x Statement) bool { return x.ID == s.Confirms })]
			d.Dec, d.ID, d.Expires = consent.Grant, consent.ConfirmationID(asked.ID, asked.DecidedAt), info.EndOn(mailing.Channel, s.DecidedAt, asked.ExpiresAt)
		}
		out, _ = out.Join(s.Topic, d)
	}
	return out
}

// sayTheSame looks for a history of which the ledger says something else than the register that the gates read.
func sayTheSame(reg *registry.Registry, r *rand.Rand, histories int) error {
	for range histories {
		ss := retold(r)
		l := ledgerOf(reg, ss)
		for _, p := range mails {
			then, now := int64(r.IntN(18)), int64(r.IntN(18))
			q := Question{Controller: "shop", Point: p, Topic: mailing, EventAt: then + 1, At: now, KnownAt: 99}
			if registerOfAll(ss, p).Allowed(mailing.Purpose, mailing.Channel, then+1, now) != l.Ask(q).Allowed {
				return fmt.Errorf("%+v in %+v", q, ss)
			}
		}
	}
	return nil
}

// The register that the gates read says what the ledger says, as long as nothing was forgotten: also of a denial that is heard late, between a grant that
// waits and its confirmation, and of grants that are sent again with another time.
func TestRegisterSaysTheSame(t *testing.T) {
	reg := purposes(t)
	require.NoError(t, sayTheSame(reg, rand.New(rand.NewPCG(3, 3)), 20_000))
	for name, fault := range map[string]*bool{"repetitions count": &faults.everyTime, "confirmations are not overtaken": &faults.confirmsAll} {
		t.Run(name, func(t *testing.T) {
			*fault = true
			defer func() { *fault = false }()
			require.Error(t, sayTheSame(reg, rand.New(rand.NewPCG(3, 3)), 20_000))
		})
	}
}
