package identity_test

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"rcu/pkg/consent"
	"rcu/pkg/identifier"
	"rcu/pkg/identity"
	"rcu/pkg/identity/identitytest"
	"rcu/pkg/testkit"
)

// A law holds of every history. What it returns says how it was broken; "" if it holds.
type law func(*identity.Facts) string

// The laws of the kernel that hold of a whole set of facts, by their numbers there. Resolve has those of batches, workers and stores
// (statetest), partition_test.go those of one component.
var laws = map[string]law{
	"1 confluence": confluent, "2 steady": steady, "3 bounded": bounded, "4 lawful": lawful, "5 reversible": reversible,
	"8 conserved": conserved, "9 permission": permitted, "10 ids": named, "11 references": joinNobody, "12 probable matches": partNobody,
}

// historyAt returns a history with every feature on: a tenth are larger, a quarter lie over months.
func historyAt(seed uint64) *identity.Facts {
	o := identitytest.Small
	switch {
	case seed%10 == 9:
		o = identitytest.Options{Events: 60, Decisions: 16, Acts: 8, Values: 6, Months: seed%20 == 9}
	case seed%4 == 3:
		o = identitytest.Months
	}
	rng := rand.New(rand.NewPCG(seed, 41))
	f := identitytest.History(rng, o)
	if seed%8 == 5 {
		identitytest.Stamp(rng, f)
	}
	return f
}

func TestLaws(t *testing.T) {
	for name, holds := range laws {
		t.Run(name, func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				o := identitytest.Small
				o.Months = rapid.Bool().Draw(t, "months")
				if broken := holds(identitytest.History(draws{t}, o)); broken != "" {
					t.Fatal(broken)
				}
			})
		})
	}
}

// Every law over 20,000 histories; a million at night.
func TestLongLaws(t *testing.T) {
	testkit.Long(t)
	histories := testkit.Histories(t, 20_000)
	var next atomic.Uint64
	var wg sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			for seed := next.Add(1) - 1; seed < histories && !t.Failed(); seed = next.Add(1) - 1 {
				f := historyAt(seed)
				for name, holds := range laws {
					if broken := holds(f); broken != "" {
						t.Errorf("seed %d, %s: %s", seed, name, broken)
					}
				}
			}
		})
	}
	wg.Wait()
	t.Logf("%d laws over %d histories", len(laws), histories)
}

func historyOf(t *rapid.T) *identity.Facts {
	return historyAt(rapid.Uint64Range(0, 1<<40).Draw(t, "seed"))
}

func solve(t *rapid.T, f *identity.Facts) *identity.Answer {
	a, err := f.Solve()
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// solved is for laws: histories have valid rules.
func solved(f *identity.Facts) *identity.Answer {
	a, err := f.Solve()
	if err != nil {
		panic(err)
	}
	return a
}

// confluent: the answer is the oracle's, in the order of arrival and in the reverse.
func confluent(f *identity.Facts) string {
	oracle := identitytest.Ask(f)
	if diff := compareAnswers(solved(f), oracle); diff != "" {
		return "(-oracle +solve): " + diff
	}
	back := *f
	back.Events, back.Decisions, back.Acts, back.Matches = slices.Clone(f.Events), slices.Clone(f.Decisions), slices.Clone(f.Acts), slices.Clone(f.Matches)
	slices.Reverse(back.Matches)
	slices.Reverse(back.Events)
	slices.Reverse(back.Decisions)
	slices.Reverse(back.Acts)
	if diff := compareAnswers(solved(&back), oracle); diff != "" {
		return "in reverse (-oracle +solve): " + diff
	}
	return ""
}

// steady: known facts change nothing.
func steady(f *identity.Facts) string {
	if n := identity.ChangesAgain(f); n > 0 {
		return fmt.Sprintf("known facts change %d things", n)
	}
	return ""
}

func bounded(f *identity.Facts) string { return identity.Unbounded(f) }

// lawful: no group breaks a rule that steward's acts do not override.
func lawful(f *identity.Facts) string {
	g := *f
	g.Acts = slices.DeleteFunc(slices.Clone(f.Acts), func(a *identity.Act) bool { return a.Op == identity.Together })
	a := solved(&g)
	for _, members := range a.Profiles {
		unique := map[string]bool{}
		for _, m := range members {
			ns, _, _ := strings.Cut(m, ":")
			if r := f.Rules.Namespaces[identitytest.Namespace(ns)]; r.Unique && unique[ns] {
				return fmt.Sprintf("two values of a unique namespace in %v", members)
			}
			unique[ns] = true
		}
		for pair, outcome := range a.Edges {
			if broken := lawfulEdge(pair, outcome, members); broken != "" {
				return broken
			}
		}
	}
	return ""
}

func lawfulEdge(pair, outcome string, members []string) string {
	x, y, _ := strings.Cut(pair, "|")
	inside := slices.Contains(members, x) && slices.Contains(members, y)
	switch {
	case inside && slices.Contains([]string{"refused:unique", "refused:limit", "refused:ban", "refused:person"}, outcome):
		return fmt.Sprintf("edge %s inside a group is %s", pair, outcome)
	case inside && outcome == "refused:banned":
		return fmt.Sprintf("banned pair %s is one person", pair)
	case !inside && (outcome == "joined" || outcome == "confirms") && (slices.Contains(members, x) || slices.Contains(members, y)):
		return fmt.Sprintf("edge %s is %s between two groups", pair, outcome)
	}
	return ""
}

// reversible: the two of a ban are parted for good, and once it is lifted all is as if it had never been.
func reversible(f *identity.Facts) string {
	before, tried := solved(f), 0
	for _, naming := range sortedKeys(before.Profiles) {
		members := before.Profiles[naming]
		if len(members) < 2 || tried == 2 {
			continue
		}
		a, b := identitytest.KeyOf(members[0]), identitytest.KeyOf(members[1])
		if slices.ContainsFunc(f.Acts, func(x *identity.Act) bool { return x.A == a && x.B == b }) {
			continue
		}
		tried++
		banned := *f
		banned.Acts = append(slices.Clone(f.Acts), &identity.Act{ID: "z1", T: 1 << 40, Op: identity.Ban, A: a, B: b})
		for _, group := range solved(&banned).Profiles {
			if slices.Contains(group, a.Value) && slices.Contains(group, b.Value) {
				return fmt.Sprintf("%v and %v are banned and one person", a, b)
			}
		}
		banned.Acts = append(banned.Acts, &identity.Act{ID: "z2", T: 1<<40 + 1, Op: identity.Clear, A: a, B: b})
		if diff := cmp.Diff(before, solved(&banned)); diff != "" {
			return "a lifted ban leaves a trace: " + diff
		}
	}
	return ""
}

func sortedKeys[V any](m map[string]V) []string {
	out := make([]string, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}

// conserved: every event that shows an identifier is somebody's or a nobody's, and once.
func conserved(f *identity.Facts) string {
	events, amount := 0, int64(0)
	for _, e := range f.Events {
		if len(e.Keys) > 0 { // all their namespaces are known
			events, amount = events+1, amount+e.Amount
		}
	}
	for _, fold := range solved(f).Folds {
		events, amount = events-fold.Events, amount-fold.Amount
	}
	if events != 0 || amount != 0 {
		return fmt.Sprintf("%d events and an amount of %d are nobody's or twice", events, amount)
	}
	return ""
}

// permitted: browsing is shown only under a grant then and now, and with no denial in between.
func permitted(f *identity.Facts) string {
	owners := map[string]string{}
	for i, e := range f.Events {
		device := deviceOf(f, e.Event)
		if device < 0 {
			continue
		}
		point, stamp := e.Keys[device], e.Stamps[device]
		var reason string
		switch {
		case stamp == 0:
			reason = "without a grant"
		case deniedIn(f, point, stamp, e.T):
			reason = "that was denied in between"
		case !grantedAt(f, point, f.Now):
			reason = "without a grant now"
		default:
			continue
		}
		if len(owners) == 0 {
			owners = ownersOf(f)
		}
		if owner := owners[f.Events[i].ID]; !strings.HasPrefix(owner, "anonymous:") {
			return fmt.Sprintf("browsing %s on %s, %s, is shown to %s", e.ID, point.Value, reason, owner)
		}
	}
	return ""
}

// ownersOf says to whom each event is shown. An event is worth a power of two, so sums say which events they are of.
func ownersOf(f *identity.Facts) map[string]string {
	const atOnce = 60
	out := map[string]string{}
	for from := 0; from < len(f.Events); from += atOnce {
		g := *f
		g.Events = slices.Clone(f.Events)
		for i := range g.Events {
			if g.Events[i].Amount = 0; i >= from && i < from+atOnce {
				g.Events[i].Amount = 1 << (i - from)
			}
		}
		for owner, fold := range solved(&g).Folds {
			for i := range atOnce {
				if fold.Amount>>i&1 == 1 {
					out[f.Events[from+i].ID] = owner
				}
			}
		}
	}
	return out
}

// deviceOf is the place of the device whose browsing an event is; -1 for none.
func deviceOf(f *identity.Facts, e *identity.Event) int {
	best := -1
	for i, k := range e.Keys {
		rule := f.Rules.Namespaces[k.Namespace]
		if !e.Behaviour || !rule.Device {
			continue
		}
		if best < 0 || rule.Rank < f.Rules.Namespaces[e.Keys[best].Namespace].Rank || k.Namespace == e.Keys[best].Namespace && k.Value < e.Keys[best].Value {
			best = i
		}
	}
	return best
}

func deniedIn(f *identity.Facts, point identifier.Key, after, until int64) bool {
	return slices.ContainsFunc(f.Decisions, func(d *identity.Decision) bool {
		return d.Point == point && d.Purpose == identity.UnifyBehaviour && d.Denies() && d.At > after && d.At <= until
	})
}

// grantedAt reports whether any grant of browsing on a point is in force at t; what came after it is not looked at.
func grantedAt(f *identity.Facts, point identifier.Key, t int64) bool {
	return slices.ContainsFunc(f.Decisions, func(d *identity.Decision) bool {
		return d.Point == point && d.Purpose == identity.UnifyBehaviour && d.Dec == consent.Grant && d.At <= t && (d.Expires == 0 || d.Expires > t)
	})
}

// named: every identifier is in one profile, and every profile is named after the strongest, then oldest of its own.
func named(f *identity.Facts) string {
	holder := map[string]string{}
	for naming, members := range solved(f).Profiles {
		if !slices.Contains(members, naming) {
			return fmt.Sprintf("%s names a profile of others: %v", naming, members)
		}
		of := func(v string) int { return f.Rules.Namespaces[identitytest.KeyOf(v).Namespace].Strength }
		for _, m := range members {
			if other, twice := holder[m]; twice {
				return fmt.Sprintf("%s is in the profiles of %s and %s", m, other, naming)
			}
			if holder[m] = naming; of(m) > of(naming) {
				return fmt.Sprintf("%s names a profile that holds the stronger %s", naming, m)
			}
		}
	}
	return ""
}

// joinNobody: references join nobody and part nobody.
func joinNobody(f *identity.Facts) string {
	without := *f
	without.Events = nil
	for _, e := range f.Events {
		bare := *e.Event
		bare.Keys, bare.Stamps, bare.Matches = nil, nil, nil
		for i, k := range e.Keys {
			if f.Rules.Namespaces[k.Namespace].Ref {
				continue
			}
			bare.Keys, bare.Stamps = append(bare.Keys, k), append(bare.Stamps, e.Stamps[i])
			if i < len(e.Matches) {
				bare.Matches = append(bare.Matches, e.Matches[i])
			}
		}
		without.Events = append(without.Events, identity.SolveEvent{Event: &bare, Amount: e.Amount})
	}
	a, b := solved(f), solved(&without)
	return cmp.Diff([]any{a.Profiles, a.Edges, a.Nobody}, []any{b.Profiles, b.Edges, b.Nobody})
}
