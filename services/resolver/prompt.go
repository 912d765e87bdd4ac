package resolver

import (
	"context"
	"fmt"
	"hash/maphash"
	"time"

	"go.uber.org/zap"

	"rcu/pkg/profile"
	"rcu/pkg/resolve"
	"rcu/pkg/stream"
)

const (
	// promptEvery is the least time between two publications of leaves before their turn.
	promptEvery = 10 * time.Millisecond
	// promptMost is how many leaves go out before their turn together. Others wait for it.
	promptMost = 100
	// promptLinger is how long their records wait for company: they are few, and whoever follows them waits.
	promptLinger = time.Millisecond
)

// openPrompt makes the producer of what goes out before its turn.
func (s *Service) openPrompt() error {
	p, err := s.deps.Stream.NewProducer(stream.ProducerConfig{Linger: promptLinger})
	if err != nil {
		return fmt.Errorf("making the producer of what goes out before its turn: %w", err)
	}
	s.promptOut, s.closePrompt = p, p.Close
	return nil
}

// publishPromptly publishes leaves that say something new of who their person is, as soon as they are written: who follows them to find the
// same person elsewhere (services/matcher) answers while the customer is on the phone. All other changes of a leaf, most of all, wait for their
// turn, so that a leaf is published once a second however often it changes.
func (s *Service) publishPromptly(ctx context.Context) error {
	timer := time.NewTimer(promptEvery)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-s.pending.hurry:
		}
		if err := s.publishUrgent(ctx); err != nil && ctx.Err() == nil {
			s.deps.Log.Warn("publishing leaves before their turn", zap.Error(err))
		}
		timer.Reset(promptEvery)
		select {
		case <-ctx.Done():
			return nil
		case <-timer.C:
		}
	}
}

// publishUrgent publishes the leaves that should go out before their turn, behind the keys that seal them. They stay pending until they are
// out, so offsets wait for them. It gives way to a publication that has such keys under way: that one has the leaves too, or signals
// for those that came since. While more is to be done than a batch holds, everything waits for its turn.
func (s *Service) publishUrgent(ctx context.Context) error {
	if s.behind() > int64(s.cfg.BatchRecords) || s.pending.size() > s.cfg.MaxPending/2 {
		s.pending.calmDown()
		return nil
	}
	if !s.sealers.TryLock() {
		s.pending.hurryAgain()
		return nil
	}
	defer s.sealers.Unlock()
	keys, leaves := s.pending.urgentCells()
	if faults.keysLast {
		keys = nil
	}
	for _, cells := range [][]cellRef{keys, leaves} {
		if len(cells) == 0 {
			continue
		}
		moved, err := s.publishCells(ctx, s.promptOut, cells)
		if err != nil {
			return err
		}
		s.pending.published(cells, moved)
	}
	return nil
}

// hurryUp takes note of a leaf that should go out before its turn. The caller holds the lock.
func (p *pending) hurryUp(c cellRef) {
	if c.sealer == "" || len(p.urgent) >= promptMost {
		return
	}
	p.urgent[c.key] = struct{}{}
	p.signal()
}

// hurryAgain says that leaves wait that should go out before their turn, if there are any.
func (p *pending) hurryAgain() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.urgent) > 0 {
		p.signal()
	}
}

func (p *pending) signal() {
	select {
	case p.hurry <- struct{}{}:
	default:
	}
}

// calmDown lets all leaves wait for their turn.
func (p *pending) calmDown() {
	p.mu.Lock()
	defer p.mu.Unlock()
	clear(p.urgent)
}

// urgentCells returns the leaves that should go out before their turn, and the keys that seal them and are not out yet. All of them stay
// pending.
func (p *pending) urgentCells() (keys, leaves []cellRef) {
	p.mu.Lock()
	defer p.mu.Unlock()
	sealers := map[string]struct{}{}
	for name := range p.urgent {
		leaf, waits := p.cells[name]
		if !waits {
			continue
		}
		leaves = append(leaves, leaf)
		key, waits := p.cells[leaf.sealer]
		if _, has := sealers[leaf.sealer]; waits && !has {
			sealers[leaf.sealer] = struct{}{}
			keys = append(keys, key)
		}
	}
	clear(p.urgent)
	return keys, leaves
}

// published takes out what was published and did not change since; moved are the cells of which a newer value is known.
func (p *pending) published(cells, moved []cellRef) {
	again := make(map[string]struct{}, len(moved))
	for _, c := range moved {
		again[c.key] = struct{}{}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range cells {
		held, waits := p.cells[c.key]
		_, newer := again[c.key]
		if !waits || newer || held.stored.Version == 0 || held.stored.Version > c.stored.Version {
			continue
		}
		delete(p.cells, c.key)
		p.kept -= len(held.stored.Value)
	}
	p.gauge.Set(float64(len(p.cells) + len(p.profiles)))
	p.room.Broadcast()
}

// saidSeed is of the digests of what leaves say, which are compared within this process.
var saidSeed = maphash.MakeSeed()

// saidOf is a digest of what a leaf says of who its person is: of its traits, sealed as they are, and not of the values of its identifiers,
// since each order brings the value of its number.
func saidOf(state *profile.State) uint64 {
	var h maphash.Hash
	h.SetSeed(saidSeed)
	for _, t := range state.Traits() {
		if t.OfIdentifier() || t.Retracted {
			continue
		}
		for _, text := range []string{t.Name, t.Value} {
			_, _ = h.WriteString(text)
			_ = h.WriteByte(0)
		}
	}
	return h.Sum64()
}

// sealerOf is the cell of the key that seals a leaf; empty where the leaf is of nobody whom another record could be.
func sealerOf(state *profile.State) string {
	whose := resolve.SubjectOf(state.Leaf())
	if !whose.Namespace.Links() {
		return ""
	}
	return resolve.SubjectKeyCell(state.Space(), state.Controller(), whose)
}
