package consent

import (
	"bytes"
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"rcu/pkg/identifier"
)

var byMail = PurposeChannel{Marketing, ChannelEmail}

func registerOf(pc PurposeChannel, ds ...Decision) (r Register) {
	for _, d := range ds {
		r, _ = r.Join(pc, d)
	}
	return r
}

// A grant that is sent again with another time is the grant that it was: it neither beats what was denied since nor lasts longer.
func TestSaidAgain(t *testing.T) {
	grant := func(id string, at, end int64) Decision {
		return Decision{ID: id, At: at, Expires: end, Dec: Grant}
	}
	deny := func(id string, at int64) Decision { return Decision{ID: id, At: at, Dec: Withdraw} }
	carried := func(id string, at, end int64) Decision {
		return Decision{ID: id, At: at, Expires: end, Dec: Grant, Carried: true}
	}
	for name, c := range map[string]struct {
		said []Decision
		t    int64
		want bool
	}{
		"after a denial":                       {[]Decision{grant("g", 10, 0), deny("w", 20), grant("g", 30, 0)}, 40, false},
		"under an id of its own":               {[]Decision{grant("g", 10, 0), deny("w", 20), grant("h", 30, 0)}, 40, true},
		"many times after a denial":            {[]Decision{grant("g", 10, 0), deny("w", 20), grant("g", 30, 0), grant("g", 35, 0), grant("g", 38, 0)}, 40, false},
		"behind another grant":                 {[]Decision{grant("g", 10, 0), deny("w", 20), grant("h", 25, 0), grant("g", 30, 0)}, 40, true},
		"no longer than it was":                {[]Decision{grant("g", 10, 20), grant("g", 15, 50)}, 30, false},
		"as long as it was":                    {[]Decision{grant("g", 10, 20), grant("g", 15, 50)}, 19, true},
		"before it was known":                  {[]Decision{grant("g", 30, 0), grant("g", 10, 0)}, 20, true},
		"at one instant the shorter":           {[]Decision{grant("g", 10, 0), grant("g", 10, 20)}, 30, false},
		"without an id each is one":            {[]Decision{grant("", 10, 0), deny("w", 20), grant("", 30, 0)}, 40, true},
		"a denial, though, denies again":       {[]Decision{deny("w", 10), grant("g", 20, 0), deny("w", 30)}, 40, false},
		"an id of a denial grants nothing":     {[]Decision{deny("x", 10), grant("x", 30, 0)}, 40, false},
		"a carried one lasts no longer":        {[]Decision{carried("c", 10, 20), carried("c", 15, 50)}, 30, false},
		"carried and said are of two kinds":    {[]Decision{carried("g", 10, 0), grant("g", 30, 0)}, 40, true},
		"a confirmation once":                  {[]Decision{grant("p#confirmed@10", 20, 0)}, 30, true},
		"overtaken before it was heard":        {[]Decision{deny("w", 15), grant("p#confirmed@10", 20, 0)}, 30, false},
		"denied as it was asked for":           {[]Decision{deny("w", 10), grant("p#confirmed@10", 20, 0)}, 30, false},
		"denied before it was asked for":       {[]Decision{deny("w", 9), grant("p#confirmed@10", 20, 0)}, 30, true},
		"denied and granted before it":         {[]Decision{deny("w", 15), grant("g", 16, 0), grant("p#confirmed@10", 20, 0)}, 30, true},
		"granted before it, and a denial last": {[]Decision{grant("g", 12, 0), deny("w", 15), grant("p#confirmed@10", 20, 0)}, 30, false},
		"an id that only looks like one":       {[]Decision{deny("w", 15), grant("p#confirmed@soon", 20, 0)}, 30, true},
	} {
		t.Run(name, func(t *testing.T) {
			for range 2 {
				r := registerOf(byMail, c.said...)
				require.Equal(t, c.want, r.AllowedAt(byMail.Purpose, byMail.Channel, c.t))
				slices.Reverse(c.said)
			}
		})
	}
	require.Equal(t, "till/7#confirmed@1773", ConfirmationID("till/7", 1773))
}

// What is lifted again by an old lift stays on; a sale is of its first time; an old grant is no answer to a question.
func TestSaidAgain_elsewhere(t *testing.T) {
	lay := func(at int64) Decision { return Decision{ID: fmt.Sprint("lay", at), At: at, Dec: Object} }
	lift := func(at int64) Decision { return Decision{ID: "lift", At: at, Dec: Grant} }
	r := registerOf(PurposeChannel{Purpose: Restricted.Purpose()}, lay(5), lift(10), lay(20), lift(30))
	require.True(t, r.On(Restricted, 40))
	require.False(t, r.On(Restricted, 15))
	erased := registerOf(PurposeChannel{Purpose: Erased.Purpose()}, lay(5), lift(10))
	_, ok := erased.History(Erased.Purpose(), "").end(40)
	require.True(t, ok)
	end, _ := registerOf(PurposeChannel{Purpose: Minor.Purpose()}, lay(5), lift(10), lay(20), lift(30)).History(Minor.Purpose(), "").end(40)
	require.Equal(t, noTime, end)

	key := identifier.Key{Namespace: identifier.Email, Value: "p"}
	sale := func(at int64) Decision { return Decision{ID: "s#0", At: at, Dec: Grant} }
	family := PurposeChannel{Purpose: SaleOffer("shoes")}
	ended := Decision{ID: "w", At: 20, Dec: Withdraw}
	_, _, ok = Point{Key: key, Register: registerOf(family, sale(10), ended, sale(30))}.SoftOptIn(Marketing, ChannelEmail, "shoes", 40)
	require.False(t, ok, "a withdrawal of the family ends all sales of before")
	first, _, ok := Point{Key: key, Register: registerOf(family, sale(10), sale(30))}.SoftOptIn(Marketing, ChannelEmail, "shoes", 40)
	require.True(t, ok)
	require.EqualValues(t, 10, first.At)

	again := registerOf(byMail, Decision{ID: "g", At: 10, Dec: Grant}, Decision{ID: "g", At: 30, Dec: Grant})
	require.False(t, again.History(byMail.Purpose, byMail.Channel).grantedIn(20, 40))
	require.True(t, again.History(byMail.Purpose, byMail.Channel).grantedIn(5, 40))
}

func TestRepeats(t *testing.T) {
	r := registerOf(byMail, Decision{ID: "g", At: 10, Dec: Grant}, Decision{ID: "c", At: 10, Dec: Grant, Carried: true}, Decision{ID: "w", At: 20, Dec: Withdraw})
	for name, c := range map[string]struct {
		d    Decision
		want bool
	}{
		"later":            {Decision{ID: "g", At: 30, Dec: Grant}, true},
		"as it was":        {Decision{ID: "g", At: 10, Dec: Grant}, false},
		"earlier":          {Decision{ID: "g", At: 5, Dec: Grant}, false},
		"of another id":    {Decision{ID: "h", At: 30, Dec: Grant}, false},
		"without an id":    {Decision{At: 30, Dec: Grant}, false},
		"a denial":         {Decision{ID: "w", At: 30, Dec: Withdraw}, false},
		"carried":          {Decision{ID: "c", At: 30, Dec: Grant, Carried: true}, true},
		"of the other one": {Decision{ID: "c", At: 30, Dec: Grant}, false},
	} {
		require.Equal(t, c.want, r.Repeats(byMail, c.d), name)
	}
	require.False(t, r.Repeats(PurposeChannel{Marketing, ChannelSMS}, Decision{ID: "g", At: 30, Dec: Grant}))
}

// retold are decisions of few ids, as sources send them that set the time anew with each attempt.
func retold() *rapid.Generator[[]Decision] {
	one := rapid.Custom(func(t *rapid.T) Decision {
		d := Decision{
			At: rapid.Int64Range(0, 20).Draw(t, "at"), Expires: rapid.SampledFrom([]int64{0, 0, 12, 18}).Draw(t, "end"),
			Dec: rapid.SampledFrom([]Dec{Grant, Grant, Refuse, Withdraw}).Draw(t, "decision"), Joint: rapid.Bool().Draw(t, "joint"),
			ID: rapid.SampledFrom([]string{"a", "b", "c", "", "a#confirmed@8"}).Draw(t, "id"),
		}
		d.Carried = d.Dec == Grant && rapid.Bool().Draw(t, "carried")
		return d
	})
	return rapid.SliceOfN(one, 1, Kept)
}

// reallySaid leaves out by hand what counts for nothing: grants whose id was said before, and confirmations that a denial overtook.
func reallySaid(ds []Decision) []Decision {
	return slices.DeleteFunc(slices.Clone(ds), func(g Decision) bool {
		return g.Dec == Grant && g.ID != "" && slices.ContainsFunc(ds, func(d Decision) bool {
			before := d.ID == g.ID && d.At < g.At && (d.Dec == Grant && d.Carried) == g.Carried
			overtakes := g.ID == "a#confirmed@8" && !g.Carried && d.Denies() && d.At >= 8 && d.At <= g.At
			return before || overtakes
		})
	})
}

// onceOnly: a register answers as one into which each act came once, whatever order the repetitions come in, and its bytes are the same in all.
func onceOnly(ds, mixed []Decision) error {
	r := registerOf(byMail, ds...)
	if other := registerOf(byMail, append(slices.Clone(mixed), ds...)...); !bytes.Equal(r.Encode(), other.Encode()) {
		return fmt.Errorf("the order matters: %v", ds)
	}
	once := registerOf(byMail, reallySaid(ds)...)
	for at := range int64(25) {
		if got, want := r.AllowedAt(byMail.Purpose, byMail.Channel, at), once.AllowedAt(byMail.Purpose, byMail.Channel, at); got != want {
			return fmt.Errorf("at %d %t, not %t: %v", at, got, want, ds)
		}
	}
	return nil
}

func TestOnceOnly(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		ds := retold().Draw(rt, "decisions")
		if err := onceOnly(ds, rapid.Permutation(ds).Draw(rt, "order")); err != nil {
			rt.Fatal(err)
		}
	})
	for name, fault := range map[string]*bool{"a grant counts each time": &faults.everyTime, "a confirmation always counts": &faults.confirmsAll} {
		t.Run(name, func(t *testing.T) {
			*fault = true
			defer func() { *fault = false }()
			found := false
			for seed := 0; seed < 300 && !found; seed++ {
				ds := retold().Example(seed)
				found = onceOnly(ds, ds) != nil
			}
			require.True(t, found)
		})
	}
}

// Sending grants again with later times permits nothing that was not permitted, as long as nothing is forgotten.
func TestSaidAgain_neverPermits(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		ds := retold().Draw(rt, "decisions")
		all := slices.Clone(ds)
		for _, d := range ds {
			if d.Dec == Grant && d.ID != "" && len(all) < Kept {
				d.At += rapid.Int64Range(1, 10).Draw(rt, "later")
				d.Expires = 0
				all = append(all, d)
			}
		}
		before, after := registerOf(byMail, ds...), registerOf(byMail, all...)
		for at := range int64(40) {
			if after.AllowedAt(byMail.Purpose, byMail.Channel, at) && !before.AllowedAt(byMail.Purpose, byMail.Channel, at) {
				rt.Fatalf("at %d", at)
			}
		}
	})
}
