package matcher

import (
	"cmp"
	"context"
	"encoding/hex"
	"fmt"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"rcu/pkg/identifier"
	"rcu/pkg/identity"
	"rcu/pkg/match"
	"rcu/pkg/resolve"
	"rcu/pkg/vault"
)

// workers is how many leaves of a batch are taken at once: while one waits for Redis, another is compared.
const workers = 4

// takeAll takes the leaves of a batch, each of which is there once. The keys of their subjects are read together.
func (s *Service) takeAll(ctx context.Context, partition int, leaves []leaf) error {
	keys, err := s.keysWanted(ctx, leaves)
	if err != nil {
		return err
	}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(workers)
	for i := range leaves {
		l := &leaves[i]
		group.Go(func() error {
			start := s.deps.Now()
			outcome, err := s.takeInTurn(ctx, partition, l, keys[l.space])
			if err != nil {
				return err
			}
			s.took(l, outcome, start)
			return nil
		})
	}
	return group.Wait() //nolint:wrapcheck // says all
}

// keysWanted reads the keys that open leaves, by space.
func (s *Service) keysWanted(ctx context.Context, leaves []leaf) (map[string]map[subject]vault.SubjectKey, error) {
	bySpace := map[string][]subject{}
	for i := range leaves {
		if l := &leaves[i]; l.state != nil {
			bySpace[l.space] = append(bySpace[l.space], subjectOf(l))
		}
	}
	keys := map[string]map[subject]vault.SubjectKey{}
	for space, subjects := range bySpace {
		var err error
		if keys[space], err = s.keysToTake(ctx, space, subjects); err != nil {
			return nil, err
		}
	}
	return keys, nil
}

// took counts a leaf that was taken.
func (s *Service) took(l *leaf, outcome string, start time.Time) {
	s.metrics.records.WithLabelValues(outcome).Inc()
	if outcome == outcomeIndexed {
		s.metrics.seconds.Observe(s.deps.Now().Sub(start).Seconds())
		s.metrics.behind.Observe(s.deps.Now().Sub(l.at).Seconds())
	}
}

// takeInTurn takes a leaf whose turn it is, unless a later record of it was taken ahead of its own turn.
func (s *Service) takeInTurn(ctx context.Context, partition int, l *leaf, keys map[subject]vault.SubjectKey) (outcome string, err error) {
	at := leafAt{partition, l.id}
	leave, err := s.turns.enter(ctx, at)
	if err != nil {
		return "", err
	}
	defer leave()
	if !s.turns.due(at, l.offset) {
		return outcomeOvertaken, nil
	}
	return s.takeNew(ctx, partition, l, keys)
}

func subjectOf(l *leaf) subject {
	return subject{l.state.Controller(), resolve.SubjectOf(l.state.Leaf())}
}

// takeNew takes a leaf unless it says of its person what it said lately. A key that was destroyed since is something new.
func (s *Service) takeNew(ctx context.Context, partition int, l *leaf, keys map[subject]vault.SubjectKey) (outcome string, err error) {
	if l.state == nil {
		s.lately.forget(partition, l.id)
		return s.takePaced(ctx, l, keys)
	}
	whose := subjectOf(l)
	_, opens := keys[whose]
	digest := s.lately.digest(whose, opens, l.state)
	if s.lately.knows(partition, l.id, digest) {
		return outcomeUnchanged, nil
	}
	if outcome, err = s.takePaced(ctx, l, keys); err != nil {
		s.lately.forget(partition, l.id)
		return outcome, err
	}
	s.lately.keep(partition, l.id, digest)
	return outcome, nil
}

// takePaced takes a leaf in turn, no more of them a second than the pace allows, and behind those ahead of their turn.
func (s *Service) takePaced(ctx context.Context, l *leaf, keys map[subject]vault.SubjectKey) (outcome string, err error) {
	if err := s.pace.Wait(ctx); err != nil {
		return "", fmt.Errorf("waiting for the pace: %w", err)
	}
	leave, err := s.precedence.enter(ctx)
	if err != nil {
		return "", err
	}
	defer leave()
	return s.take(ctx, l, keys)
}

// take keeps the entry of a leaf, and suggests people for it where it says something new.
func (s *Service) take(ctx context.Context, l *leaf, keys map[subject]vault.SubjectKey) (outcome string, err error) {
	if l.state == nil {
		return outcomeGone, s.forget(ctx, l)
	}
	whose := subjectOf(l)
	key, there := keys[whose]
	if !there || !whose.key.Namespace.Links() {
		return outcomeNothing, s.forget(ctx, l)
	}
	traits := traitsOf(l.state, key)
	e, err := entryOf(s.deps.Keyring, l.space, l.id, whose, key, traits)
	if err != nil {
		return "", err
	}
	if len(e.Blocks) == 0 {
		return outcomeNothing, s.forget(ctx, l)
	}
	held, err := s.deps.Index.Entry(ctx, l.space, l.id)
	if err != nil {
		return "", fmt.Errorf("reading an entry: %w", err)
	}
	if l.held(held, e) {
		return outcomeUnchanged, nil
	}
	full, err := s.deps.Index.PutEntry(ctx, l.space, e)
	if err != nil {
		return "", fmt.Errorf("keeping an entry: %w", err)
	}
	s.metrics.full.Add(float64(full))
	at := s.deps.Now() // before the others are read: who reads later knows more
	before, err := s.likeBefore(ctx, l, whose, key, held)
	if err != nil {
		return "", err
	}
	near, err := s.scored(ctx, l, whose, traits, e.Blocks)
	if err != nil {
		return "", err
	}
	if err := s.suggest(ctx, l, &comparison{whose: whose, near: near, before: before, known: held.ID != "", at: at}); err != nil {
		return "", err
	}
	if err := s.deps.Index.SetCompared(ctx, l.space, e); err != nil {
		return "", fmt.Errorf("keeping an entry: %w", err)
	}
	return outcomeIndexed, nil
}

// forget takes a leaf out of the index: of a deleted one, out of that of every space.
func (s *Service) forget(ctx context.Context, l *leaf) error {
	spaces := s.cfg.Spaces
	if l.space != "" {
		spaces = []string{l.space}
	}
	for _, space := range spaces {
		if err := s.takeBack(ctx, space, l.id); err != nil {
			return err
		}
		if err := s.deps.Index.RemoveEntry(ctx, space, l.id); err != nil {
			return fmt.Errorf("forgetting an entry: %w", err)
		}
	}
	return nil
}

// candidate is another record that a new one is compared with.
type candidate struct {
	id     string
	key    identifier.Key
	traits match.Traits
	found  match.Explanation
	held   restraint // of either of the two people
}

// probable reports whether a candidate is so alike that something comes of it.
func (c *candidate) probable(suggest float64) bool {
	return c.found.Probability >= min(suggest, identity.LeastAutoLink)
}

// millionths is how probable the graph is told that it is; 0 where an overlay forbids to link.
func (c *candidate) millionths() uint32 {
	if c.held > unrestrained {
		return 0
	}
	return millionthsOf(c.found.Probability)
}

// comparison is a record with those that it was compared with.
type comparison struct {
	whose  subject
	near   []candidate
	before map[string]told // records that it was like before, of which the graph may not know yet
	known  bool            // it was compared before, so that the graph may know something of it
	again  bool            // it says what it said: what was told of records that are not near is left as it is
	own    restraint       // of its person
	at     time.Time       // when it was compared
}

// suggest tells the graph and the stewards which people are probably the same as that of a record.
func (s *Service) suggest(ctx context.Context, l *leaf, x *comparison) error {
	if err := s.restrain(ctx, l.space, x); err != nil {
		return err
	}
	if err := s.announce(ctx, l, x); err != nil {
		return err
	}
	near := slices.DeleteFunc(x.near, func(c candidate) bool { return c.found.Probability < s.cfg.Suggest || c.held == closed })
	slices.SortStableFunc(near, func(a, b candidate) int { return cmp.Compare(b.found.Weight, a.found.Weight) })
	return s.propose(ctx, l, x.whose.key, near)
}

// restrain asks what the overlays of a record's person and of those who are probably the same forbid.
func (s *Service) restrain(ctx context.Context, space string, x *comparison) error {
	asked := []identifier.Key{x.whose.key}
	for i := range x.near {
		if x.near[i].probable(s.cfg.Suggest) {
			asked = append(asked, x.near[i].key)
		}
	}
	if len(asked) == 1 && !x.again {
		return nil
	}
	held, err := s.over.of(ctx, space, asked, s.deps.Now())
	if err != nil {
		return err
	}
	x.own = held[x.whose.key]
	for i := range x.near {
		x.near[i].held = max(x.own, held[x.near[i].key])
	}
	return nil
}

// scored compares a record with those that share a block.
func (s *Service) scored(ctx context.Context, l *leaf, whose subject, traits match.Traits, blocks []match.Block) ([]candidate, error) {
	near, err := s.candidates(ctx, l, whose, blocks)
	if err != nil || len(near) == 0 {
		return nil, err
	}
	people, err := s.deps.Index.CountEntries(ctx, l.space)
	if err != nil {
		return nil, fmt.Errorf("counting entries: %w", err)
	}
	others := make([]match.Traits, len(near))
	for i := range near {
		others[i] = near[i].traits
	}
	for i, e := range s.scorer.Score(int(people), traits, others) {
		near[i].found = e
	}
	return near, nil
}

// candidates reads the records of others that share a block, and opens what can be opened. Whose key is gone is forgotten.
func (s *Service) candidates(ctx context.Context, l *leaf, whose subject, blocks []match.Block) ([]candidate, error) {
	entries, err := s.deps.Index.Near(ctx, l.space, blocks, s.cfg.Candidates)
	if err != nil {
		return nil, fmt.Errorf("looking for candidates: %w", err)
	}
	subjects, sealed := make([]subject, len(entries)), make([][]byte, len(entries))
	for i := range entries {
		if subjects[i], sealed[i], err = unpack(entries[i].Sealed); err != nil {
			return nil, err
		}
	}
	keys, err := s.keysOf(ctx, l.space, subjects)
	if err != nil {
		return nil, err
	}
	var out []candidate
	for i, e := range entries {
		key, there := keys[subjects[i]]
		if !there {
			if err := s.forget(ctx, &leaf{space: l.space, id: e.ID}); err != nil {
				return nil, err
			}
			continue
		}
		if e.ID == l.id || subjects[i].key.Value == whose.key.Value {
			continue
		}
		packed, err := key.Open(sealedAs, sealed[i])
		if err != nil {
			return nil, err
		}
		traits, err := match.ParseTraits(packed)
		if err != nil {
			return nil, err //nolint:wrapcheck // says all
		}
		out = append(out, candidate{id: e.ID, key: subjects[i].key, traits: traits})
	}
	return out, nil
}

// propose puts the best candidates on the queue: those of other people, of each the best, whom a steward has not decided on and could join.
func (s *Service) propose(ctx context.Context, l *leaf, own identifier.Key, near []candidate) error {
	if len(near) == 0 {
		return nil
	}
	now := s.deps.Now().Unix()
	asked := []identifier.Key{own}
	for _, c := range near {
		asked = append(asked, c.key)
	}
	view, err := s.deps.Graph.View(ctx, l.space, asked, now)
	if err != nil {
		return fmt.Errorf("reading who is who: %w", err)
	}
	self := view.Profile(own).Canonical
	seen := map[string]bool{self.Value: true}
	put := 0
	for _, c := range near {
		other := view.Profile(c.key).Canonical
		if seen[other.Value] || put == s.cfg.PerRecord {
			continue
		}
		seen[other.Value] = true
		stands, err := pair{l.space, self, other}.stands(ctx, s.deps.Graph, now)
		if err != nil {
			return err
		}
		if stands != open {
			continue
		}
		x := suggestionOf(s.deps.Keyring, l, self, other, &c, now)
		if err := s.deps.Index.PutSuggestion(ctx, l.space, x, s.cfg.MaxSuggestions); err != nil {
			return fmt.Errorf("putting a suggestion: %w", err)
		}
		s.metrics.suggestions.Inc()
		put++
	}
	return nil
}

// suggestionOf makes the suggestion of two people: the same two have one, whichever record brought it.
func suggestionOf(ring *vault.Keyring, l *leaf, a, b identifier.Key, c *candidate, now int64) match.Suggestion {
	records := [2]string{hex.EncodeToString([]byte(l.id)), hex.EncodeToString([]byte(c.id))}
	if identity.Lesser(b, a) {
		a, b = b, a
		records[0], records[1] = records[1], records[0]
	}
	id := ring.Digest64(l.space, "suggestion", a.Value+b.Value)
	return match.Suggestion{
		ID: hex.EncodeToString(id[:]), A: identifierOf(a), B: identifierOf(b), Since: now, Weight: c.found.Weight, Records: records, Steps: c.found.Steps,
	}
}

func identifierOf(k identifier.Key) match.Identifier {
	return match.Identifier{Namespace: string(k.Namespace), Pseudonym: []byte(k.Value)}
}

func keyOf(x match.Identifier) identifier.Key {
	return identifier.Key{Namespace: identifier.Namespace(x.Namespace), Value: string(x.Pseudonym)}
}
