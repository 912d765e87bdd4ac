package resolver_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"rcu/pkg/consent"
	"rcu/pkg/identifier"
	"rcu/pkg/resolve"
	"rcu/pkg/stream"
	"rcu/services/contacts"
	"rcu/services/ingest"
	"rcu/services/resolver"
)

// brokenCells are cells of which some registers are read, or written, wrongly.
type brokenCells struct {
	resolve.Cells
	key    func(string) string                         // which register is read instead
	value  func(register consent.Register) []byte      // what is read instead
	before map[string]resolve.Cell                     // what was read first is read for ever
	write  func(held, next consent.Register) (ok bool) // false: the write is lost
	mu     *sync.Mutex
}

func isRegister(key string) bool { return strings.HasPrefix(key, "cr:") }

func (c brokenCells) LoadCells(ctx context.Context, keys []string) ([]resolve.Cell, error) {
	asked := make([]string, len(keys))
	for i, k := range keys {
		if asked[i] = k; c.key != nil && isRegister(k) {
			asked[i] = c.key(k)
		}
	}
	cells, err := c.Cells.LoadCells(ctx, asked)
	for i := range cells {
		if !isRegister(keys[i]) {
			continue
		}
		cells[i].Key = keys[i]
		if c.value != nil {
			register, _ := consent.DecodeRegister(cells[i].Value)
			cells[i].Value = c.value(register)
		}
		if c.before != nil {
			c.mu.Lock()
			if old, known := c.before[keys[i]]; known {
				cells[i] = old
			}
			c.before[keys[i]] = cells[i]
			c.mu.Unlock()
		}
	}
	return cells, err
}

func (c brokenCells) CommitCells(ctx context.Context, cells []resolve.Cell) ([]bool, error) {
	if c.write == nil {
		return c.Cells.CommitCells(ctx, cells)
	}
	written := make([]bool, len(cells))
	for i, x := range cells {
		held, err := c.Cells.LoadCells(ctx, []string{x.Key})
		if err != nil {
			return nil, err
		}
		a, _ := consent.DecodeRegister(held[0].Value)
		b, _ := consent.DecodeRegister(x.Value)
		if written[i] = true; c.write(a, b) {
			if _, err := c.Cells.CommitCells(ctx, []resolve.Cell{x}); err != nil {
				return nil, err
			}
		}
	}
	return written, nil
}

// remade makes a register anew of changed decisions.
func remade(r consent.Register, change func(consent.PurposeChannel, consent.Decision) (consent.Decision, bool)) []byte {
	var out consent.Register
	for _, pc := range r.All() {
		h := r.History(pc.Purpose, pc.Channel)
		for _, ds := range [][]consent.Decision{h.Said, h.Carried} {
			for _, d := range ds {
				if d, keep := change(pc, d); keep {
					out, _ = out.Join(pc, d)
				}
			}
		}
	}
	return withSales(out, r, func(family string) []string { return []string{family} }).Encode()
}

// withSales adds the sales of another register to one, each under the families that it is taken for.
func withSales(r, of consent.Register, as func(family string) []string) consent.Register {
	for _, family := range of.Families() {
		for _, d := range of.History(consent.SaleOffer(family), "").Said {
			for _, name := range as(family) {
				r, _ = r.Join(consent.PurposeChannel{Purpose: consent.SaleOffer(name)}, d)
			}
		}
	}
	return r
}

// anyFamily takes a sale for one of all families.
func anyFamily(r consent.Register) []byte {
	return withSales(r, r, func(string) []string { return productFamilies }).Encode()
}

// neverTakenBack does not see that sales were.
func neverTakenBack(r consent.Register) []byte {
	return remade(r, func(_ consent.PurposeChannel, d consent.Decision) (consent.Decision, bool) { return d, true })
}

// everSold takes every sale for one of today.
func everSold(r consent.Register) []byte {
	for _, family := range r.Families() {
		for year := range int64(16) {
			r, _ = r.Join(consent.PurposeChannel{Purpose: consent.SaleOffer(family)}, consent.Decision{Dec: consent.Grant, At: 1_700_000_000 + year*31_556_952, ID: "s"})
		}
	}
	return r.Encode()
}

// sharedSales reads what another controller sold as well.
type sharedSales struct{ resolve.Cells }

func (c sharedSales) LoadCells(ctx context.Context, keys []string) ([]resolve.Cell, error) {
	cells, err := c.Cells.LoadCells(ctx, keys)
	for i := range cells {
		if !isRegister(keys[i]) {
			continue
		}
		others, err := c.Cells.LoadCells(ctx, []string{otherController(keys[i])})
		if err != nil {
			return nil, err
		}
		mine, _ := consent.DecodeRegister(cells[i].Value)
		theirs, _ := consent.DecodeRegister(others[0].Value)
		cells[i].Value = withSales(mine, theirs, func(family string) []string { return []string{family} }).Encode()
	}
	return cells, err
}

// Ways of reading a register wrongly.
var (
	withoutDenials = func(r consent.Register) []byte {
		return remade(r, func(_ consent.PurposeChannel, d consent.Decision) (consent.Decision, bool) { return d, !d.Denies() })
	}
	withoutEnds = func(r consent.Register) []byte {
		return remade(r, func(_ consent.PurposeChannel, d consent.Decision) (consent.Decision, bool) {
			d.Expires = 0
			return d, true
		})
	}
	carriedAsSaid = func(r consent.Register) []byte {
		return remade(r, func(_ consent.PurposeChannel, d consent.Decision) (consent.Decision, bool) {
			d.Carried = false
			return d, true
		})
	}
	sinceEver = func(r consent.Register) []byte { // a grant counts for what happened before it
		return remade(r, func(_ consent.PurposeChannel, d consent.Decision) (consent.Decision, bool) {
			if d.Dec == consent.Grant {
				d.At = 1
			}
			return d, true
		})
	}
)

// everyTime takes a grant that is sent again with another time for one more.
func everyTime(r consent.Register) []byte {
	return remade(r, func(_ consent.PurposeChannel, d consent.Decision) (consent.Decision, bool) {
		d.ID = fmt.Sprint(d.ID, "/", d.At)
		return d, true
	})
}

// everybody takes everybody for somebody who agreed to offers an hour ago.
func everybody(consent.Register) []byte {
	r, _ := consent.Register{}.Join(offersByMail, consent.Decision{Dec: consent.Grant, At: time.Now().Add(-time.Hour).Unix(), ID: "x"})
	return r.Encode()
}

// anyPurpose takes a decision about anything for one about offers.
func anyPurpose(r consent.Register) []byte {
	var out consent.Register
	for _, pc := range r.All() {
		for _, d := range r.History(pc.Purpose, pc.Channel).Said {
			out, _ = out.Join(offersByMail, d)
		}
	}
	return out.Encode()
}

var offersByMail = consent.PurposeChannel{Purpose: consent.Marketing, Channel: consent.ChannelEmail}

// lastPoint reads the register that was asked for before.
func lastPoint() func(string) string {
	last := ""
	return func(key string) string {
		key, last = last, key
		if key == "" {
			return last
		}
		return key
	}
}

func reading(f func(consent.Register) []byte) func(resolve.Cells) resolve.Cells {
	return func(c resolve.Cells) resolve.Cells { return brokenCells{Cells: c, value: f} }
}

func collecting(f func(consent.Register) []byte) func(ingest.Registers) ingest.Registers {
	return func(c ingest.Registers) ingest.Registers { return brokenCells{Cells: c.(resolve.Cells), value: f} }
}

func contacting(f func(consent.Register) []byte) func(contacts.Registers) contacts.Registers {
	return func(c contacts.Registers) contacts.Registers { return brokenCells{Cells: c.(resolve.Cells), value: f} }
}

// otherController reads the register that the other controller has of the point.
func otherController(key string) string {
	return strings.NewReplacer(":"+retail+":", ":"+digital+":", ":"+digital+":", ":"+retail+":").Replace(key)
}

// elsewhere reads what people did with the other controller.
type elsewhere struct{ contacts.Acts }

func (e elsewhere) LastAct(ctx context.Context, space, controller string, point identifier.Key, now int64) (int64, error) {
	return e.Acts.LastAct(ctx, space, map[string]string{retail: digital, digital: retail}[controller], point, now) //nolint:wrapcheck // a fault
}

// alone knows nobody's other points.
type alone struct{ contacts.People }

func (a alone) View(ctx context.Context, space string, _ []identifier.Key, now int64) (*resolve.View, error) {
	return a.People.View(ctx, space, nil, now)
}

// permitFaults are planted one by one: the whole-history test has to find each.
var permitFaults = []struct {
	name, found string // and how one of the findings begins
	broken      sabotage
}{
	{"G1 collects under a grant that came later", "collected is true, not false", sabotage{collector: collecting(sinceEver)}},
	{"G1 does not see denials", "collected is true, not false", sabotage{collector: collecting(withoutDenials)}},
	{"G1 does not see that grants end", "collected is true, not false", sabotage{collector: collecting(withoutEnds)}},
	{"a denial waits for the resolver", "reserve", sabotage{collector: func(c ingest.Registers) ingest.Registers {
		return brokenCells{Cells: c.(resolve.Cells), write: func(held, next consent.Register) bool {
			return string(withoutDenials(held)) != string(withoutDenials(next))
		}}
	}}},
	{"G2 links and owns without a grant", "row of browsing", sabotage{resolver: resolver.Faults{IgnoreConsent: true}}},
	{"G2 takes what one controller was told for the other's", "row of browsing", sabotage{resolver: resolver.Faults{SpaceChoices: true}}},
	{"G2 does not see that grants end", "row of browsing", sabotage{stopped: true}},
	{"G3 is not told that owners change", "row of browsing", sabotage{lost: stream.TopicOwners}},
	{"G4 serves what it read once", "maison-", sabotage{reads: func(c resolve.Cells) resolve.Cells {
		return brokenCells{Cells: c, before: map[string]resolve.Cell{}, mu: &sync.Mutex{}}
	}}},
	{"G4 does not see denials", "maison-", sabotage{reads: reading(withoutDenials)}},
	{"G4 reads what another controller was told", "maison-", sabotage{reads: func(c resolve.Cells) resolve.Cells { return brokenCells{Cells: c, key: otherController} }}},
	{"contacts take a carried grant for one that was said", "reserve", sabotage{desk: contacting(carriedAsSaid)}},
	{"contacts do not see that grants end", "reserve", sabotage{desk: contacting(withoutEnds)}},
	{"contacts take what was done with another controller for a sign of life", "reserve", sabotage{acts: func(a contacts.Acts) contacts.Acts { return elsewhere{a} }}},
	{"contacts take what another controller sold for a sale of their own", "reserve", sabotage{desk: func(c contacts.Registers) contacts.Registers {
		return sharedSales{c.(resolve.Cells)}
	}}},
	{"contacts take a sale for one of every family", "reserve", sabotage{desk: contacting(anyFamily)}},
	{"contacts do not see that sales grow old", "reserve", sabotage{desk: contacting(everSold)}},
	{"contacts do not see objections after a sale", "reserve", sabotage{desk: contacting(withoutDenials)}},
	{"contacts do not see that sales are taken back", "reserve", sabotage{desk: contacting(neverTakenBack)}},
	{"profiles do not see that sales are taken back", "sales of", sabotage{cells: reading(neverTakenBack)}},
	{"a retraction reaches the points alone that it names", "reserve", sabotage{lost: stream.TopicConsents}},
	{"profiles take a sale for one of every family", "sales of", sabotage{cells: reading(anyFamily)}},
	{"profiles do not see objections after a sale", "sales of", sabotage{cells: reading(withoutDenials)}},
	{"contacts ask the address alone for what is the person's", "reserve", sabotage{people: func(p contacts.People) contacts.People { return alone{p} }}},
	{"a grant that is sent again with another time counts once more", "reserve", sabotage{collector: collecting(everyTime), desk: contacting(everyTime)}},
	{"contacts ask for another controller", "reserve", sabotage{desk: func(c contacts.Registers) contacts.Registers {
		return brokenCells{Cells: c.(resolve.Cells), key: otherController}
	}}},
}

func TestPermitted_findsPlantedFaults(t *testing.T) {
	for _, tt := range permitFaults {
		t.Run(tt.name, func(t *testing.T) {
			resolver.Plant(t, tt.broken.resolver)
			for n := range 40 {
				found := tellPermitted(t, uint64(n), n*storiesAtOnce, storiesAtOnce, tt.broken, permitted{})
				if i := slices.IndexFunc(found, func(f string) bool { return strings.HasPrefix(f, tt.found) }); i >= 0 {
					t.Logf("history %d and after: %s", n*storiesAtOnce, found[i])
					return
				}
			}
			t.Fatal("nothing was found")
		})
	}
}
