package resolver

import (
	"context"
	"errors"
	"fmt"

	"google.golang.org/protobuf/proto"

	"rcu/pkg/identifier"
	"rcu/pkg/identity"
	"rcu/pkg/profile"
	"rcu/pkg/resolve"
	"rcu/pkg/stream"
	"rcu/pkg/vault"
	eventpb "rcu/schemas/event"
	"rcu/services/internal/dailykeys"
)

// applyFacts applies the facts of the batch to the graph and reads everybody that the owners of its leaves depend on.
func (s *Service) applyFacts(ctx context.Context, w *work) error {
	var also []identifier.Key
	for _, i := range w.items {
		also = identity.OwnersKeys(i.leaf, w.registers[i.leaf.Reference], also)
	}
	for _, d := range w.decisions {
		also = append(also, pointOf(d))
	}
	var err error
	if w.people, err = s.deps.Graph.Apply(ctx, w.space, w.facts, also, w.now.Unix()); err != nil {
		return fmt.Errorf("applying to the graph: %w", err)
	}
	if w.kernel, err = s.deps.Graph.Kernel(ctx, w.space); err != nil {
		return err
	}
	w.choices, err = resolve.LoadChoices(ctx, s.deps.Cells, w.choicesAsked())
	return err //nolint:wrapcheck // says all
}

// foldLeaves folds every event into its leaf, each leaf once however many of its events the batch holds.
func (s *Service) foldLeaves(ctx context.Context, w *work) error {
	traits, err := s.sealTraits(ctx, w)
	if err != nil {
		return err
	}
	keys, leaves := w.byLeaf()
	w.folds = make([]fold, len(keys))
	stored, err := s.writer.store(ctx, "leaves", keys, func(n int, c *resolve.Cell) (bool, error) {
		state, err := profile.Decode(c.Value)
		if err != nil {
			return false, fmt.Errorf("reading a leaf: %w", err)
		}
		w.folds[n] = s.foldLeaf(w, state, leaves[keys[n]], traits)
		if w.folds[n].fresh && len(w.trusted) > 0 && !faults.listOnce {
			if err := s.listAgain(ctx, w, leaves[keys[n]]); err != nil {
				return false, err
			}
		}
		if w.folds[n].changed {
			c.Value = state.Encode()
		}
		return w.folds[n].changed, nil
	})
	if err != nil {
		return err
	}
	var prompt []cellRef
	for n, key := range keys {
		c := cellRef{space: w.space, topic: stream.TopicLeaves, key: key, stored: stored[n], sealer: w.folds[n].sealer}
		if c.sealer != "" && !faults.promptLate {
			prompt = append(prompt, c)
		} else {
			w.cells = append(w.cells, c)
		}
		if left, ok := s.keyOfOwner(w.space, w.folds[n].left); ok {
			w.profiles = append(w.profiles, profileRef{w.space, left, w.folds[n].state.Controller()})
		}
	}
	s.pending.add(prompt, nil) // the key that seals each is pending or out by now; what else the batch makes need not be waited for
	return nil
}

// byLeaf sorts the events by the cell of their leaf. An event that is folded nowhere is done with.
func (w *work) byLeaf() (keys []string, leaves map[string][]*item) {
	leaves = map[string][]*item{}
	for _, i := range w.items {
		cell := i.cell()
		if cell == "" {
			i.outcome = profile.Folded
			continue
		}
		if leaves[cell] == nil {
			keys = append(keys, cell)
		}
		leaves[cell] = append(leaves[cell], i)
	}
	return keys, leaves
}

// fold is what happened to one leaf.
type fold struct {
	leafKey []byte
	state   *profile.State
	owner   string
	left    string              // the owner that all rows of the leaf had until now, when they have several from now on
	changed bool                // the state has to be written
	opened  bool                // the events of the batch changed the owner
	fresh   bool                // the leaf was empty
	fenced  bool                // some of its events were folded before
	offers  []*eventpb.Decision // of sales that were taken back: they permit nothing any more
	sealer  string              // where the events of the batch say something new of who the person is: the cell of the key that seals it
}

// doubtful reports whether rows of the leaf may say something else than its owner without a change of the graph.
func (f *fold) doubtful() bool {
	return f.fenced || f.opened || f.state.Written() == profile.MixedRows || f.state.Leaf().Reference.Value != ""
}

// foldLeaf folds the events of one leaf into its state and decides whose it is.
func (s *Service) foldLeaf(w *work, state *profile.State, items []*item, traits map[*item]map[string]profile.SealedTrait) fold {
	f := fold{leafKey: items[0].event.GetLeafKey(), state: state, fresh: state.Empty()}
	before, written, said := s.ownerName(w, state), state.Written(), saidOf(state)
	for _, i := range items {
		from := &i.of.batch
		if faults.oneSource {
			from = &w.items[0].of.batch
		}
		i.outcome = state.Fold(profile.Folding{Event: i.event, Traits: traits[i], Offset: profile.SourceOffset{
			LogID: from.LogID.String(), Topic: fenceOf(from.Topic), Partition: from.Partition, Offset: i.offset,
		}})
		f.changed, f.fenced = f.changed || i.outcome != profile.Fenced, f.fenced || i.outcome == profile.Fenced
		if i.outcome == profile.Fenced && state.Judge(i.event) == profile.Conflict {
			i.outcome = profile.Conflict
		}
	}
	f.owner = s.ownerName(w, state)
	if state.Wrote(rowOwner(f.owner)) {
		f.changed, f.left = true, written
	}
	f.opened = before != f.owner
	if saidOf(state) != said && items[0].of.batch.Topic != stream.TopicEventsHistory { // which is resolved alone
		f.sealer = sealerOf(state)
	}
	for _, i := range items {
		i.owner = f.owner
		if i.outcome != profile.Conflict {
			f.offers = append(f.offers, offersTakenBack(state, i.event, w.now)...)
		}
	}
	return f
}

// ownerName returns the rcu_id of the owner of a leaf now; empty for nobody.
func (s *Service) ownerName(w *work, state *profile.State) string {
	if state.Empty() {
		return ""
	}
	return s.nameOf(w.space, ownerOf(w.kernel, state, w.registers[state.Leaf().Reference], w.choices, w.people, w.now.Unix()))
}

func (s *Service) nameOf(space string, o identity.Owner) string {
	if o.Anonymous {
		return ""
	}
	return s.name(space, o.Key)
}

func (s *Service) name(space string, k identifier.Key) string { return s.deps.Keyring.NameOf(space, k) }

// sealTraits opens the personal fields of the events and seals them again under the keys of their subjects.
func (s *Service) sealTraits(ctx context.Context, w *work) (map[*item]map[string]profile.SealedTrait, error) {
	personal := map[*item]*eventpb.Personal{}
	var wanted []subject
	for _, i := range w.items {
		if i.event.GetPersonal() == nil || i.cell() == "" {
			continue
		}
		p, err := s.openPersonal(ctx, i.event)
		if err != nil {
			return nil, err
		}
		if p != nil {
			personal[i] = p
			wanted = append(wanted, subjectOf(i))
		}
	}
	keys, err := s.subjects.load(ctx, s.writer, wanted)
	if err != nil {
		return nil, err
	}
	out := make(map[*item]map[string]profile.SealedTrait, len(personal))
	for i, p := range personal {
		key, ok := keys[subjectOf(i)]
		if !ok || toldBefore(i.event, key.Since()) {
			s.metrics.erased.Inc()
			continue
		}
		if out[i], err = sealAgain(key, p); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// toldBefore reports whether an event happened, or came, up to a time in seconds. Both count: history that is brought in again after an erasure came
// late and is erased, and a clock that is ahead makes nothing new.
func toldBefore(e *eventpb.Event, at int64) bool {
	return at > 0 && min(e.GetOccurredAt(), e.GetReceivedAt())/1e6 <= at && !faults.keepBefore
}

func subjectOf(i *item) subject {
	return subject{i.event.GetSpace(), i.event.GetController(), resolve.SubjectOf(i.leaf)}
}

// openPersonal returns the personal fields of an event; nil, counted, when the key they were sealed with is destroyed, or when they
// are damaged: they will never be readable, and the event is no less a sale.
func (s *Service) openPersonal(ctx context.Context, e *eventpb.Event) (*eventpb.Personal, error) {
	plain, err := s.keys.Open(ctx, e.GetPersonal())
	if errors.Is(err, dailykeys.ErrAwaited) {
		return nil, fmt.Errorf("opening the personal fields of an event: %w", err)
	}
	p := new(eventpb.Personal)
	if err == nil {
		err = proto.Unmarshal(plain, p)
	}
	if err != nil {
		s.metrics.unopened.Inc()
		return nil, nil //nolint:nilerr // counted; the cause could quote a value
	}
	return p, nil
}

func sealAgain(key vault.SubjectKey, p *eventpb.Personal) (map[string]profile.SealedTrait, error) {
	out := make(map[string]profile.SealedTrait, len(p.GetTraits())+len(p.GetIdentifiers()))
	add := func(name, value string) error {
		sealed, err := key.Seal(name, value)
		out[name] = sealed
		return err
	}
	for name, value := range p.GetTraits() {
		if err := add(name, value); err != nil {
			return nil, err
		}
	}
	for _, id := range p.GetIdentifiers() {
		k := identifier.Key{Namespace: identifier.Namespace(id.GetNamespace()), Value: string(id.GetPseudonym())}
		if err := add(resolve.IdentifierTrait(k), resolve.KeptValue(k, id.GetValue())); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func pointOf(d *eventpb.Decision) identifier.Key {
	return identifier.Key{Namespace: identifier.Namespace(d.GetPoint().GetNamespace()), Value: string(d.GetPoint().GetPseudonym())}
}
