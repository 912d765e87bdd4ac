package resolver

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"go.uber.org/zap"

	"rcu/pkg/consent"
	"rcu/pkg/identifier"
	"rcu/pkg/resolve"
	"rcu/pkg/stream"
)

// maxHastened is how many profiles wait to be told before their turn. The others are told in their turn.
const maxHastened = 1000

// express knows what is told before its turn: what people asked for (a refusal, an act of a steward) does not wait for the people who are new.
// All of it is told once more in its turn, so that nothing is lost with it, and what is told last of a key is never the older.
type express struct {
	mu       sync.Mutex
	spaces   map[string]*overtaking // that this process looks after
	profiles map[person]owedProfile // of refusals
}

// overtaking is how far ahead the outbox of a space was looked through, in one epoch of the store.
type overtaking struct {
	epoch uint64
	after string

	// The profiles of the entries whose versions are above from and not above to are pending, since this round and before.
	from, to, round uint64
}

func newExpress() *express {
	return &express{spaces: map[string]*overtaking{}, profiles: map[person]owedProfile{}}
}

// lead says that this process looks after a space: its outbox is looked through from the start, once in each epoch.
func (x *express) lead(space string, epoch uint64) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if o := x.spaces[space]; o == nil || o.epoch != epoch {
		x.spaces[space] = &overtaking{epoch: epoch}
	}
}

// leave says that another one looks after a space.
func (x *express) leave(space string) {
	x.mu.Lock()
	defer x.mu.Unlock()
	delete(x.spaces, space)
}

func (x *express) led() map[string]*overtaking {
	x.mu.Lock()
	defer x.mu.Unlock()
	return maps.Clone(x.spaces)
}

// hasten takes note of a profile whose permissions were refused.
func (x *express) hasten(who person, at string) {
	x.mu.Lock()
	defer x.mu.Unlock()
	o, known := x.profiles[who]
	if !known && len(x.profiles) >= maxHastened {
		return
	}
	x.profiles[who] = o.joined(owedProfile{person: who, at: []string{at}})
}

func (x *express) take() []owedProfile {
	x.mu.Lock()
	defer x.mu.Unlock()
	out := make([]owedProfile, 0, len(x.profiles))
	for _, o := range x.profiles {
		out = append(out, o)
	}
	clear(x.profiles)
	return byHolder(out)
}

// refusals have their profiles told before their turn.
func (x *express) refusals(w *work) {
	for _, d := range w.decisions {
		if consent.TakesAway(d) {
			x.hasten(person{w.space, w.people.Naming(pointOf(d))}, d.GetController())
		}
	}
}

// publishExpress tells what does not wait for its turn until ctx ends.
func (s *Service) publishExpress(ctx context.Context) error {
	pause := time.NewTimer(s.cfg.OutboxEvery)
	defer pause.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-pause.C:
		}
		err := s.expressOnce(ctx)
		if err != nil && ctx.Err() == nil {
			s.deps.Log.Warn("telling what people asked for", zap.Error(err))
			pause.Reset(time.Second)
			continue
		}
		pause.Reset(s.cfg.OutboxEvery)
	}
}

// expressOnce tells what is there.
func (s *Service) expressOnce(ctx context.Context) error {
	ctx = s.keeper.planned(ctx)
	for space, o := range s.express.led() {
		for {
			n, err := s.overtake(ctx, space, o)
			if err != nil {
				return err
			}
			if n < outboxEntries {
				break
			}
		}
	}
	return s.tellRefusals(ctx)
}

// overtake looks through the next entries of the outbox and tells the owners and profiles of those that people asked for. Entries stay
// where they are: transitions, changelogs and the place up to which they are whole keep their order.
func (s *Service) overtake(ctx context.Context, space string, o *overtaking) (int, error) {
	entries, err := s.deps.Graph.ReadOutbox(ctx, space, o.after, outboxEntries)
	if err != nil || len(entries) == 0 {
		return 0, err
	}
	asked := slices.DeleteFunc(slices.Clone(entries), func(e resolve.OutboxEntry) bool { return !askedFor(&e) })
	if len(asked) > 0 && !faults.noExpress {
		if err := s.publishOwners(ctx, space, changedKeys(asked), s.deps.Now()); err != nil {
			return 0, err
		}
		if err := s.tellAndOwe(ctx, changedProfiles(space, asked)); err != nil {
			return 0, err
		}
		s.metrics.overtook.Add(float64(len(asked)))
	}
	s.oweAhead(space, o, entries)
	o.after = entries[len(entries)-1].ID
	return len(entries), nil
}

// oweAhead has the profiles of entries wait among the others before their turn. An entry that was read from the outbox is committed, so whatever is
// read of its profiles from now on is what its turn would tell; and a person who is new goes out once, and not by events first and by the outbox,
// which may be seconds behind, again. While too much is pending the entries wait for their turn.
func (s *Service) oweAhead(space string, o *overtaking, entries []resolve.OutboxEntry) {
	last := entries[len(entries)-1].Version
	if s.pending.full() {
		s.express.owedUpTo(o, last, last, 0)
		return
	}
	round := s.pending.owe(changedProfiles(space, entries))
	s.express.owedUpTo(o, o.from, last, round)
}

func (x *express) owedUpTo(o *overtaking, from, to, round uint64) {
	x.mu.Lock()
	defer x.mu.Unlock()
	o.from, o.to, o.round = from, to, round
}

// owed is the round since which the profiles of the entries of a space are pending; false where they are not.
func (x *express) owed(space string, entries []resolve.OutboxEntry) (round uint64, ahead bool) {
	x.mu.Lock()
	defer x.mu.Unlock()
	o := x.spaces[space]
	if o == nil || entries[0].Version <= o.from && !faults.owedBlindly || entries[len(entries)-1].Version > o.to && !faults.owedBlindly {
		return 0, false
	}
	return o.round, true
}

// askedFor reports whether somebody waits for an entry: acts of stewards, decisions that part what was joined, and owners that changed
// without the graph, as they do when browsing is refused. Who is new, joins others or is judged by new rules waits for his turn, and so does
// whose leaves have to be looked at because of what events brought: orders and tickets.
func askedFor(e *resolve.OutboxEntry) bool {
	if len(e.Transitions) == 0 {
		return slices.ContainsFunc(e.Changed, func(c resolve.IdentifierChange) bool {
			return c.After.Value != "" || c.Key.Namespace.Kind() == identifier.KindDevice
		})
	}
	return slices.ContainsFunc(e.Transitions, func(t resolve.Transition) bool {
		parts := t.Kind == resolve.Deactivated || t.Kind == resolve.Split
		return t.CauseKind == "act" || t.CauseKind == "decision" && parts
	})
}

// tellRefusals tells the profiles of those who refused something. What could not be told is told in its turn.
func (s *Service) tellRefusals(ctx context.Context) error {
	owed := s.express.take()
	if faults.noExpress {
		return nil
	}
	return s.tellAndOwe(ctx, owed)
}

// tellAndOwe tells profiles now and once more in their turn: a publication that was under way already may have read before this one and
// come out behind it, and the last record of a key has to be the newest.
func (s *Service) tellAndOwe(ctx context.Context, owed []owedProfile) error {
	if len(owed) == 0 {
		return nil
	}
	err := s.publishOwed(ctx, byHolder(owed))
	s.pending.owe(owed)
	if err != nil {
		return fmt.Errorf("telling profiles before their turn: %w", err)
	}
	return nil
}

// inTurn waits until a batch of events may be worked on, and returns what ends its work. While much waits, few batches at once are as
// quick as many, since they are larger, and everybody else waits less for the store and the processors; while little waits, each takes its
// round trips at once. Decisions and acts are few and never kept waiting.
func (s *Service) inTurn(ctx context.Context, topic string) (done func(), err error) {
	if topic == stream.TopicConsents || topic == stream.TopicActs {
		return func() {}, nil
	}
	if err := s.pending.wait(ctx); err != nil {
		return nil, err
	}
	if s.behind() <= int64(s.cfg.BatchRecords) {
		return func() {}, nil
	}
	select {
	case s.turns <- struct{}{}:
		return func() { <-s.turns }, nil
	case <-ctx.Done():
		return nil, ctx.Err() //nolint:wrapcheck // the consumer's own
	}
}
