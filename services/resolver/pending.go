package resolver

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"rcu/pkg/identifier"
	"rcu/pkg/resolve"
)

// cellRef is a cell whose current value has to go to its changelog.
type cellRef struct {
	space  string
	topic  string
	key    string // of the cell
	about  keyAbout
	stored resolve.Cell // as a batch left it; version 0: it has to be read
	sealer string       // of a leaf that should go out before its turn: the cell of the key that seals it
}

// keyAbout is what the changelog of a subject key says beside its value; empty for other cells.
type keyAbout struct{ controller, subject string }

// profileRef is a profile whose combination at one controller has to be published.
type profileRef struct {
	space string
	key   identifier.Key
	at    string
}

// person names a profile at all controllers.
type person struct {
	space string
	key   identifier.Key
}

// profileName names a profile whether or not the namespace of its identifier is known: names of owners do not tell it.
type profileName struct{ space, pseudonym string }

func (p person) name() profileName { return profileName{p.space, p.key.Value} }

// owedProfile is a profile that has to be published: where it has leaves, at some controllers or everywhere. It may have been published
// elsewhere too, where the leaves lie of identifiers that were in it and left, and where it lost a leaf.
type owedProfile struct {
	person
	holder     identifier.Key // the name that holds it now, as far as is known: those of one are published together. The zero key: its own
	at         []string
	everywhere bool
	entered    bool // somebody who had another name came to have this one
	left       []identifier.Key
	lost       []string
}

// joined is what is owed after both.
func (o owedProfile) joined(other owedProfile) owedProfile {
	out := owedProfile{
		person: other.person, holder: other.holder, everywhere: o.everywhere || other.everywhere, entered: o.entered || other.entered,
		left: union(o.left, other.left), lost: union(o.lost, other.lost),
	}
	if !out.everywhere {
		out.at = union(o.at, other.at)
	}
	if out.holder.Value == "" {
		out.holder = o.holder
	}
	if out.key.Namespace == "" && o.key.Value != "" {
		out.person = o.person
	}
	return out
}

func union[T comparable](a, b []T) []T {
	out := slices.Clip(a)
	for _, x := range b {
		if !slices.Contains(out, x) {
			out = append(out, x)
		}
	}
	return out
}

// keptBytes bounds the values that are kept for their publication; those beyond it are read again.
const keptBytes = 32 << 20

// pending collects what has to be published: each thing once, however often it changed. It also knows up to which time
// everything is out, which is how far offsets may be committed.
type pending struct {
	now   func() time.Time
	limit int
	gauge prometheus.Gauge

	mu       sync.Mutex
	room     *sync.Cond
	cells    map[string]cellRef  // by their keys
	urgent   map[string]struct{} // keys of leaves that should go out before their turn; a few of them
	hurry    chan struct{}       // says that there are some
	kept     int                 // bytes of their values
	profiles map[profileName]owedProfile
	round    uint64            // grows whenever something is taken in turn
	out      [portions]outUpTo // of each portion
}

func newPending(limit int, now func() time.Time, gauge prometheus.Gauge) *pending {
	p := &pending{now: now, limit: limit, gauge: gauge, cells: map[string]cellRef{}, urgent: map[string]struct{}{}, hurry: make(chan struct{}, 1), profiles: map[profileName]owedProfile{}, round: 1}
	for i, began := 0, now(); i < portions; i++ {
		p.out[i].at = began
	}
	p.room = sync.NewCond(&p.mu)
	return p
}

func (p *pending) add(cells []cellRef, profiles []profileRef) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range cells {
		p.addCell(c)
	}
	for _, r := range profiles {
		who := person{r.space, r.key}
		if o := p.profiles[who.name()]; !o.everywhere && !slices.Contains(o.at, r.at) {
			p.profiles[who.name()] = o.joined(owedProfile{person: who, at: []string{r.at}})
		}
	}
	p.gauge.Set(float64(len(p.cells) + len(p.profiles)))
}

// addCell keeps the newest value of a cell. What was new in an older one that is not out is new in it.
func (p *pending) addCell(c cellRef) {
	old, known := p.cells[c.key]
	if !faults.newsLost {
		c.sealer = cmp.Or(c.sealer, old.sealer)
	}
	if known && c.stored.Version <= old.stored.Version {
		if old.sealer == "" && c.sealer != "" {
			old.sealer = c.sealer
			p.cells[c.key] = old
			p.hurryUp(old)
		}
		return
	}
	p.kept -= len(old.stored.Value)
	if p.kept+len(c.stored.Value) > keptBytes {
		c.stored = resolve.Cell{}
	}
	p.kept += len(c.stored.Value)
	p.cells[c.key] = c
	p.hurryUp(c)
}

// owe adds profiles, and returns the round in which they will be taken: see isOut.
func (p *pending) owe(profiles []owedProfile) uint64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, o := range profiles {
		p.profiles[o.name()] = p.profiles[o.name()].joined(o)
	}
	p.gauge.Set(float64(len(p.cells) + len(p.profiles)))
	return p.round
}

// takeProfiles takes out what is pending of some profiles, and returns it joined with what they say. The caller holds back flushes until it has
// published these, or owed them again.
func (p *pending) takeProfiles(profiles []owedProfile) []owedProfile {
	p.mu.Lock()
	defer p.mu.Unlock()
	out := make([]owedProfile, len(profiles))
	for i, o := range profiles {
		out[i] = p.profiles[o.name()].joined(o)
		delete(p.profiles, o.name())
	}
	p.gauge.Set(float64(len(p.cells) + len(p.profiles)))
	p.room.Broadcast()
	return out
}

// full reports whether too much is pending.
func (p *pending) full() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.cells)+len(p.profiles) > p.limit
}

// wait blocks while too much is pending. It ends with ctx.
func (p *pending) wait(ctx context.Context) error {
	stop := context.AfterFunc(ctx, p.room.Broadcast)
	defer stop()
	p.mu.Lock()
	defer p.mu.Unlock()
	for len(p.cells)+len(p.profiles) > p.limit && ctx.Err() == nil {
		p.room.Wait()
	}
	return ctx.Err()
}
