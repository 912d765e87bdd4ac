package resolver

import (
	"context"
	"errors"
	"fmt"
	"time"

	"rcu/pkg/event"
	"rcu/pkg/identifier"
	"rcu/pkg/identity"
	"rcu/pkg/profile"
	"rcu/pkg/resolve"
	"rcu/pkg/stream"
	eventpb "rcu/schemas/event"
)

// item is one event of a batch on its way.
type item struct {
	event   *eventpb.Event
	of      *part
	offset  int64
	leaf    identity.Leaf
	outcome profile.Outcome
	owner   string // rcu_id; empty = nobody
}

// cell is the key of the leaf's state; empty for an event that is folded nowhere.
func (i *item) cell() string {
	if len(i.event.GetLeafKey()) == 0 {
		return ""
	}
	return resolve.LeafCell(i.event.GetSpace(), i.event.GetController(), i.event.GetLeafKey())
}

// work is what the batches of a run hold for one space.
type work struct {
	space     string
	now       time.Time
	items     []*item
	decisions []*eventpb.Decision
	acts      []*eventpb.Act

	facts     []identity.Fact
	shown     []shown                              // references with what stood beside them
	registers map[identifier.Key]identity.Register // of the references of the batch
	standing  []leafRef                            // leaves of those references, other than the batch's own
	folds     []fold
	trusted   []resolve.Member // entries of leaf indexes that were not written, because they are known to stand
	touched   []identifier.Key // identifiers whose leaves have to be looked at again
	people    *resolve.View
	choices   resolve.Choices // of the controllers, about the browsing of the batch
	kernel    *identity.Kernel
	cells     []cellRef
	profiles  []profileRef
}

// resolve handles one batch of a partition.
func (s *Service) resolve(ctx context.Context, b stream.Batch) error {
	end, err := s.inTurn(ctx, b.Topic)
	if err != nil {
		return err
	}
	defer end()
	ctx, done, err := s.keeper.begin(ctx, b)
	if err != nil {
		return err
	}
	defer done()
	if faults.markEarly {
		err = s.keeper.finish(ctx, b)
	}
	p := &part{batch: b}
	if err := s.resolvePart(ctx, p); err != nil {
		return fmt.Errorf("resolving %s/%d from offset %d: %w", b.Topic, b.Partition, b.First(), err)
	}
	if !faults.markEarly {
		err = s.keeper.finish(ctx, b)
	}
	if err != nil {
		return err
	}
	return verdict(p.refused, p.invalid)
}

// resolvePart resolves a batch: of live events together with those of other partitions, while little waits. Decisions and acts are never kept
// waiting, the history lane counts its own time, and while much waits batches are large enough.
func (s *Service) resolvePart(ctx context.Context, p *part) error {
	if s.company == nil || !liveEvents(p.batch.Topic) || s.behind() > int64(s.cfg.BatchRecords) {
		return s.resolveParts(ctx, []*part{p})
	}
	return s.company.do(ctx, p)
}

// resolveParts resolves batches of several partitions together, space by space.
func (s *Service) resolveParts(ctx context.Context, parts []*part) error {
	for _, w := range s.decode(parts) {
		if err := s.resolveSpace(ctx, w); err != nil {
			return err
		}
	}
	return nil
}

// verdict says which records of a batch that was resolved belong to the dead letters.
func verdict(refused, invalid []int64) error {
	if len(refused) > 0 && len(invalid) == 0 {
		return stream.Invalid("id_reused", errors.New("the id was used for an event with other content; send it under an id of its own"), refused...)
	}
	if len(refused) > 0 {
		return stream.Invalid("undecodable_or_id_reused", errors.New("the record cannot be read, or its id was used for an event with other content"), append(invalid, refused...)...)
	}
	if len(invalid) > 0 {
		return stream.Invalid("undecodable", errors.New("the record is no event, decision, act or match that this version reads"), invalid...)
	}
	return nil
}

// resolveSpace takes the steps in the order that the package comment explains.
func (s *Service) resolveSpace(ctx context.Context, w *work) error {
	steps := []struct {
		name string
		run  func(context.Context, *work) error
	}{
		{"list", s.listLeaves},
		{"references", s.joinReferences},
		{"registers", s.joinDecisions},
		{"acts", s.joinActs},
		{"graph", s.applyFacts},
		{"fold", s.foldLeaves},
		{"output", s.emit},
		{"settle", s.settle},
		{"touch", s.touch},
	}
	if faults.listLate {
		steps = append(steps[1:], steps[0])
	}
	for _, step := range steps {
		started := time.Now()
		if err := step.run(ctx, w); err != nil {
			return err
		}
		s.metrics.stages.WithLabelValues(step.name).Observe(time.Since(started).Seconds())
	}
	s.pending.add(w.cells, w.profiles)
	s.express.refusals(w)
	w.refuse()
	return nil
}

// refuse tells each batch which of its events have an id that was used for another one.
func (w *work) refuse() {
	for _, i := range w.items {
		if i.outcome == profile.Conflict {
			i.of.refused = append(i.of.refused, i.offset)
		}
	}
}

// decode sorts the records of batches by space. Each batch is told which of its records cannot be read.
func (s *Service) decode(parts []*part) (works []*work) {
	at := func(space string) *work {
		for _, w := range works {
			if w.space == space {
				return w
			}
		}
		w := &work{space: space, now: s.deps.Now()}
		works = append(works, w)
		return w
	}
	for _, p := range parts {
		for _, r := range p.batch.Records {
			if !decodeRecord(r, p, at) {
				p.invalid = append(p.invalid, r.Offset)
			}
		}
	}
	return works
}

// decodeRecord adds what a record holds to the work of its space; false when it cannot be read.
func decodeRecord(r stream.Record, of *part, at func(space string) *work) bool {
	switch of.batch.Topic {
	case stream.TopicConsents:
		var d eventpb.Decision
		if err := r.Decode(&d); err != nil || !soundDecision(&d) {
			return false
		}
		at(d.GetSpace()).addDecision(&d)
	case stream.TopicActs:
		var m eventpb.Act
		if err := r.Decode(&m); err != nil {
			return false
		}
		fact, ok := event.ActFact(&m)
		if !ok {
			return false
		}
		w := at(m.GetSpace())
		w.acts, w.facts = append(w.acts, &m), append(w.facts, fact)
	case stream.TopicMatches:
		var m eventpb.Match
		if err := r.Decode(&m); err != nil {
			return false
		}
		fact, ok := event.MatchFact(&m)
		if !ok {
			return false
		}
		w := at(m.GetSpace())
		w.facts = append(w.facts, fact)
	default:
		e := new(eventpb.Event)
		if err := r.Decode(e); err != nil || !soundEvent(e) {
			return false
		}
		at(e.GetSpace()).addEvent(e, of, r.Offset)
	}
	return true
}

func (w *work) addDecision(d *eventpb.Decision) {
	w.decisions = append(w.decisions, d)
	if fact, ok := event.DecisionFact(d); ok {
		w.facts = append(w.facts, fact)
	}
}

func (w *work) addEvent(e *eventpb.Event, of *part, offset int64) {
	w.items = append(w.items, &item{event: e, of: of, offset: offset, leaf: profile.LeafOf(e.GetLeaf())})
	for _, fact := range event.FactsOf(e) {
		w.facts = append(w.facts, fact)
		if seen, ok := fact.(*identity.Event); ok {
			w.showReferences(seen)
		}
	}
}
