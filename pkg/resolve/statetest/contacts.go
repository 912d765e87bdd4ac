package statetest

import (
	"context"
	"encoding/binary"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"rcu/pkg/consent"
	"rcu/pkg/contact"
	"rcu/pkg/identifier"
)

// Contacts runs the conformance suite of contact.Store; open gives an empty store that forgets by the clock of this machine.
func Contacts(t *testing.T, open func(testing.TB) contact.Store) {
	t.Helper()
	for name, test := range map[string]func(*testing.T, contact.Store){
		"absent":                     testNoContacts,
		"versions":                   testContactVersions,
		"forgotten in time":          testContactsForgotten,
		"cancelled":                  testContactsCancelled,
		"100 reservations, cap of 3": testHundredReservations,
		"100 confirmations, cap 3":   testHundredConfirmations,
		"merge and split":            testContactsMergeAndSplit,
	} {
		t.Run(name, func(t *testing.T) { test(t, open(t)) })
	}
}

func loadContacts(t *testing.T, s contact.Store, key string) contact.Stored {
	t.Helper()
	got, err := s.LoadContacts(t.Context(), []string{key})
	require.NoError(t, err)
	require.Len(t, got, 1)
	require.Equal(t, key, got[0].Key)
	return got[0]
}

func commitContacts(t *testing.T, s contact.Store, x contact.Stored, until time.Time) bool {
	t.Helper()
	ok, err := s.CommitContacts(t.Context(), x, until)
	require.NoError(t, err)
	return ok
}

func testNoContacts(t *testing.T, s contact.Store) {
	got, err := s.LoadContacts(t.Context(), []string{"cc:a", "cc:b"})
	require.NoError(t, err)
	assert.Equal(t, []contact.Stored{{Key: "cc:a"}, {Key: "cc:b"}}, got)
}

func testContactVersions(t *testing.T, s contact.Store) {
	later := time.Now().Add(time.Hour)
	assert.False(t, commitContacts(t, s, contact.Stored{Key: "cc:a", Version: 3, Value: []byte("x")}, later), "a version of nothing")
	assert.True(t, commitContacts(t, s, contact.Stored{Key: "cc:a", Value: []byte("x\x00y")}, later))
	assert.False(t, commitContacts(t, s, contact.Stored{Key: "cc:a", Value: []byte("late")}, later), "planned on absence")
	first := loadContacts(t, s, "cc:a")
	assert.Equal(t, []byte("x\x00y"), first.Value)
	assert.True(t, commitContacts(t, s, contact.Stored{Key: "cc:a", Version: first.Version, Value: []byte("z")}, later))
	assert.False(t, commitContacts(t, s, contact.Stored{Key: "cc:a", Version: first.Version, Value: []byte("late")}, later))
	second := loadContacts(t, s, "cc:a")
	assert.Greater(t, second.Version, first.Version)
	assert.True(t, commitContacts(t, s, contact.Stored{Key: "cc:a", Version: second.Version}, later), "emptied")
	assert.Equal(t, contact.Stored{Key: "cc:a"}, loadContacts(t, s, "cc:a"))
	assert.True(t, commitContacts(t, s, contact.Stored{Key: "cc:a", Value: []byte("again")}, later))
	third := loadContacts(t, s, "cc:a")
	assert.Greater(t, third.Version, second.Version, "a version is never given twice")
	assert.False(t, commitContacts(t, s, contact.Stored{Key: "cc:a", Version: first.Version, Value: []byte("late")}, later))
}

func testContactsForgotten(t *testing.T, s contact.Store) {
	assert.True(t, commitContacts(t, s, contact.Stored{Key: "cc:a", Value: []byte("x")}, time.Now().Add(50*time.Millisecond)))
	assert.True(t, commitContacts(t, s, contact.Stored{Key: "cc:b", Value: []byte("x")}, time.Now().Add(time.Hour)))
	require.Eventually(t, func() bool { return loadContacts(t, s, "cc:a").Version == 0 }, 5*time.Second, 5*time.Millisecond)
	assert.NotZero(t, loadContacts(t, s, "cc:b").Version)
}

func testContactsCancelled(t *testing.T, s contact.Store) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := s.LoadContacts(ctx, []string{"cc:a"})
	require.Error(t, err)
	_, err = s.CommitContacts(ctx, contact.Stored{Key: "cc:a", Value: []byte("x")}, time.Now().Add(time.Hour))
	require.Error(t, err)
}

// contactPoint is the n-th contact point.
func contactPoint(n byte) identifier.Key {
	var p identifier.Pseudonym
	p[0], p[16] = 1, n
	return identifier.KeyOf(identifier.Email, p)
}

// contactAsk asks for a contact at a point.
func contactAsk(n int, point identifier.Key) contact.Ask {
	a := contact.Ask{Point: point, Channel: consent.ChannelEmail, Topic: "offers"}
	binary.BigEndian.PutUint64(a.ID[4:], uint64(n))
	return a
}

// capOf are rules with one cap over all channels.
func capOf(most int) contact.Rules {
	r := contact.Default()
	r.Caps = []contact.Cap{{Most: most, Hours: 7 * 24, Source: "test"}}
	return r
}

// allowed is a person who agreed.
var allowed = contact.Person{Permission: contact.Permission{Allowed: true}}

// testHundredReservations asks for a hundred contacts at once, over four points of one person: just as many are reserved as the cap has room for.
func testHundredReservations(t *testing.T, s contact.Store) {
	d, now := contact.NewDesk(s, capOf(3)), time.Now()
	who := contact.Party{Space: "s", Controller: "c", Gate: contactPoint(0), Points: []identifier.Key{contactPoint(0), contactPoint(1), contactPoint(2), contactPoint(3)}}
	var got atomic.Int64
	atOnce(t, 100, func(i int) error {
		v, c, err := d.Reserve(t.Context(), who, contactAsk(i, contactPoint(byte(i%4))), allowed, now)
		if v.Allowed {
			got.Add(1)
		} else if err == nil && (v.Reason != contact.ReasonCap || v.Next.IsZero()) {
			return fmt.Errorf("refused because of %q until %s", v.Reason, v.Next)
		}
		if v.Allowed != (c.State == contact.Reserved && c.Expires > now.Unix()) && v.Allowed {
			return fmt.Errorf("allowed without a place: %+v", c)
		}
		return err
	})
	assert.EqualValues(t, 3, got.Load())
}

// testHundredConfirmations confirms what two profiles reserved before they became one: just three are made.
func testHundredConfirmations(t *testing.T, s contact.Store) {
	d, now := contact.NewDesk(s, capOf(3)), time.Now()
	parts := make([]contact.Party, 5)
	whole := contact.Party{Space: "s", Controller: "c", Gate: contactPoint(0)}
	for i := range parts {
		k := contactPoint(byte(i))
		parts[i] = contact.Party{Space: "s", Controller: "c", Gate: k, Points: []identifier.Key{k}}
		whole.Points = append(whole.Points, k)
		for j := range 3 {
			v, _, err := d.Reserve(t.Context(), parts[i], contactAsk(i*3+j, k), allowed, now)
			require.NoError(t, err)
			require.True(t, v.Allowed)
		}
	}
	var made atomic.Int64
	atOnce(t, 15, func(i int) error {
		v, _, err := d.Confirm(t.Context(), whole, contactAsk(i, contactPoint(byte(i/3))), allowed, now)
		if v.Allowed {
			made.Add(1)
		}
		return err
	})
	assert.Positive(t, made.Load())
	assert.LessOrEqual(t, made.Load(), int64(3))
	v, _, err := d.Reserve(t.Context(), whole, contactAsk(99, contactPoint(0)), allowed, now)
	require.NoError(t, err)
	assert.Equal(t, made.Load() < 3, v.Allowed, "what was refused gave its place back")
}

// testContactsMergeAndSplit makes two contacts with each of two profiles: the profile they become is full, and parted again each has its own.
func testContactsMergeAndSplit(t *testing.T, s contact.Store) {
	d, now := contact.NewDesk(s, capOf(3)), time.Now()
	one, two := contactPoint(1), contactPoint(2)
	a := contact.Party{Space: "s", Controller: "c", Gate: one, Points: []identifier.Key{one}}
	b := contact.Party{Space: "s", Controller: "c", Gate: two, Points: []identifier.Key{two}}
	ab := contact.Party{Space: "s", Controller: "c", Gate: one, Points: []identifier.Key{one, two}}
	n := 0
	try := func(who contact.Party, point identifier.Key) bool {
		n++
		v, _, err := d.Reserve(t.Context(), who, contactAsk(n, point), allowed, now)
		require.NoError(t, err)
		if v.Allowed {
			v, _, err = d.Confirm(t.Context(), who, contactAsk(n, point), allowed, now)
			require.NoError(t, err)
			require.True(t, v.Allowed)
		}
		return v.Allowed
	}
	for _, first := range []bool{try(a, one), try(a, one), try(b, two)} {
		assert.True(t, first, "two with the first, one with the second")
	}
	assert.False(t, try(ab, one), "together they have three")
	assert.True(t, try(b, two))
	assert.False(t, try(ab, two))
	assert.True(t, try(a, one), "parted, the first has two")
	assert.False(t, try(a, one))
	assert.True(t, try(b, two), "parted, the second has two")
	assert.False(t, try(b, two))
	assert.False(t, try(contact.Party{Space: "s", Controller: "c", Gate: two, Points: []identifier.Key{one, two}}, two), "named otherwise, the same person")
	other := ab
	other.Controller = "other"
	for _, more := range []bool{try(other, two), try(other, two)} {
		assert.True(t, more, "another controller counts for itself")
	}
	parted := contact.Party{Space: "s", Controller: "other", Gate: two, Points: []identifier.Key{two}}
	assert.True(t, try(parted, two))
	assert.False(t, try(parted, two), "what was made while they were one stays with its point")
}

// atOnce calls f n times at once.
func atOnce(t *testing.T, n int, f func(int) error) {
	t.Helper()
	errs := make([]error, n)
	var begin, done sync.WaitGroup
	begin.Add(1)
	for i := range n {
		done.Go(func() {
			begin.Wait()
			errs[i] = f(i)
		})
	}
	begin.Done()
	done.Wait()
	for _, err := range errs {
		require.NoError(t, err)
	}
}
