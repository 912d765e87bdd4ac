package consent

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"testing"

	"pgregory.net/rapid"
)

func historyOf(ds ...Decision) History {
	var h History
	for _, d := range ds {
		h, _ = h.Join(d)
	}
	return h
}

func TestAllowed(t *testing.T) {
	grant := func(at, exp int64) Decision {
		return Decision{At: at, Expires: exp, Dec: Grant, ID: fmt.Sprint("g", at)}
	}
	carried := func(at, exp int64) Decision { d := grant(at, exp); d.Carried = true; return d }
	deny := func(at int64) Decision { return Decision{At: at, Dec: Withdraw, ID: fmt.Sprint("w", at)} }
	for name, c := range map[string]struct {
		h              History
		t              int64
		allowed, known bool
	}{
		"nothing":                         {historyOf(), 5, false, false},
		"before the first":                {historyOf(grant(10, 0)), 5, false, false},
		"granted":                         {historyOf(grant(10, 0)), 10, true, true},
		"expired":                         {historyOf(grant(10, 20)), 20, false, true},
		"not yet expired":                 {historyOf(grant(10, 20)), 19, true, true},
		"never valid":                     {historyOf(grant(10, 10)), 10, false, true},
		"withdrawn":                       {historyOf(grant(10, 0), deny(15)), 15, false, true},
		"before the withdrawal":           {historyOf(grant(10, 0), deny(15)), 14, true, true},
		"granted again":                   {historyOf(grant(10, 0), deny(15), grant(20, 0)), 25, true, true},
		"carried":                         {historyOf(carried(10, 0)), 12, true, true},
		"carried later than a denial":     {historyOf(deny(5), carried(10, 0)), 12, false, true},
		"carried before the denial":       {historyOf(deny(15), carried(10, 0)), 12, true, true},
		"expired grant, valid carried":    {historyOf(grant(5, 6), carried(1, 0)), 7, false, true},
		"same instant, more protective":   {historyOf(grant(10, 0), Decision{At: 10, Dec: Refuse}), 10, false, true},
		"same instant, earlier expiry":    {historyOf(Decision{At: 1, Dec: Grant, ID: "z"}, Decision{At: 1, Dec: Grant, Expires: 5, ID: "a"}), 5, false, true},
		"carried denial counts as a said": {historyOf(Decision{At: 1, Dec: Withdraw, Carried: true}, carried(2, 0)), 3, false, true},
	} {
		t.Run(name, func(t *testing.T) {
			allowed, known := c.h.Allowed(c.t)
			if allowed != c.allowed || known != c.known {
				t.Errorf("Allowed(%d) = %v, %v; want %v, %v", c.t, allowed, known, c.allowed, c.known)
			}
		})
	}
}

func TestForgottenTimesAreNotAllowed(t *testing.T) {
	var h History
	for i := range int64(Kept + 1) {
		h, _ = h.Join(Decision{At: 10 + i, Dec: Grant})
	}
	if len(h.Said) != Kept {
		t.Fatalf("kept %d", len(h.Said))
	}
	if ok, known := h.Allowed(10); ok || !known {
		t.Errorf("a forgotten time: %v %v", ok, known)
	}
	if ok, _ := h.Allowed(11); !ok {
		t.Error("the oldest kept grant is not in force")
	}
	if !h.DeniedIn(9, 12) || h.DeniedIn(11, 100) {
		t.Error("a denial may be forgotten only before the oldest kept decision")
	}
	if _, changed := h.Join(Decision{At: 1, Dec: Withdraw}); changed {
		t.Error("older than all kept, yet a change")
	}
}

func TestStampDenialsAndBoundaries(t *testing.T) {
	h := historyOf(Decision{At: 10, Dec: Grant, Expires: 30}, Decision{At: 20, Dec: Withdraw}, Decision{At: 40, Dec: Grant, Carried: true})
	if got := [...]int64{h.Stamp(9), h.Stamp(10), h.Stamp(20), h.Stamp(50)}; got != [...]int64{0, 10, 0, 0} {
		t.Errorf("stamps %v", got)
	}
	if got := [...]int64{h.NextBoundary(0), h.NextBoundary(10), h.NextBoundary(20), h.NextBoundary(30), h.NextBoundary(40)}; got != [...]int64{10, 20, 30, 40, 0} {
		t.Errorf("boundaries %v", got)
	}
	if !h.DeniedIn(19, 20) || h.DeniedIn(20, 30) || h.DeniedIn(10, 19) {
		t.Error("DeniedIn is not (from, to]")
	}
}

func decisions() *rapid.Generator[[]Decision] {
	one := rapid.Custom(func(t *rapid.T) Decision {
		return Decision{
			At: rapid.Int64Range(0, 40).Draw(t, "at"), Expires: rapid.SampledFrom([]int64{0, 0, 5, 20, 60}).Draw(t, "exp"),
			Dec: rapid.SampledFrom([]Dec{Grant, Refuse, Withdraw, Object}).Draw(t, "dec"), Carried: rapid.Bool().Draw(t, "carried"),
			ID: rapid.StringMatching(`[ab]{1,3}`).Draw(t, "id"),
		}
	})
	return rapid.SliceOfN(one, 0, 60)
}

func TestHistoryIsAJoin(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		ds := decisions().Draw(t, "decisions")
		want := historyOf(ds...)
		other := append([]Decision{}, ds...)
		other = append(other, ds[:len(ds)/2]...)
		seed := rapid.Uint64().Draw(t, "seed")
		rand.New(rand.NewPCG(seed, 1)).Shuffle(len(other), func(i, j int) { other[i], other[j] = other[j], other[i] })
		if got := historyOf(other...); !reflect.DeepEqual(got, want) {
			t.Fatalf("order matters:\n%v\n%v", got, want)
		}
		for _, d := range ds {
			if _, changed := want.Join(d); changed {
				t.Fatalf("a known decision changes the history: %v", d)
			}
		}
	})
}

func TestNothingChangesBetweenBoundaries(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h := historyOf(decisions().Draw(t, "decisions")...)
		from := rapid.Int64Range(0, 70).Draw(t, "from")
		next := h.NextBoundary(from)
		if next == 0 {
			next = 100
		}
		for at := from; at < next; at++ {
			if a, b := h.Stamp(from), h.Stamp(at); a != b {
				t.Fatalf("stamp %d at %d, %d at %d, next boundary %d", a, from, b, at, next)
			}
		}
	})
}
