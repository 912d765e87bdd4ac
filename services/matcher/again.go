package matcher

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"rcu/pkg/consent"
	"rcu/pkg/identifier"
	"rcu/pkg/match"
	"rcu/pkg/resolve"
	"rcu/pkg/stream"
	eventpb "rcu/schemas/event"
)

// again compares records once more that say what they said: of people on whom an overlay was laid or lifted, and of people who parted, by new
// rules, an act or new evidence. The first are taken back from the graph or told to it, the second come back on the stewards' queue.
type again struct{ s *Service }

// registerPrefix begins the keys of consent registers on their changelog, as resolve.ConsentCell makes them.
const registerPrefix = "cr:"

// Batch implements stream.Handler.
func (a again) Batch(ctx context.Context, b stream.Batch) error {
	concerned, bad := a.concerned(b)
	ctx, cancel := context.WithTimeout(ctx, a.s.cfg.Timeout*time.Duration(len(b.Records)+1))
	defer cancel()
	for space, keys := range concerned {
		for some := range slices.Chunk(keys, batchRecords) {
			if err := a.people(ctx, space, some); err != nil {
				return err
			}
		}
	}
	if len(bad) > 0 {
		return stream.Invalid("bad_change", errNoChange, bad...)
	}
	return nil
}

// concerned lists the identifiers of which records say that the people who hold them are to be compared again, each once, by space.
func (a again) concerned(b stream.Batch) (out map[string][]identifier.Key, bad []int64) {
	out, seen := map[string][]identifier.Key{}, map[[2]string]bool{}
	for _, r := range b.Records {
		if r.Value == nil {
			continue
		}
		read := a.parted
		if b.Topic == stream.TopicRegisters {
			read = overlaid
		}
		space, values, err := read(r)
		if err != nil {
			bad = append(bad, r.Offset)
			continue
		}
		for _, v := range values {
			if !seen[[2]string{space, v}] {
				seen[[2]string{space, v}] = true
				out[space] = append(out[space], identifier.Key{Value: v})
			}
		}
	}
	return out, bad
}

// overlaid gives the point of a consent register in which an overlay was ever said; nothing of another record.
func overlaid(r stream.Record) (space string, values []string, err error) {
	if !strings.HasPrefix(string(r.Key), registerPrefix) || len(r.Key) <= identifier.PseudonymSize {
		return "", nil, nil
	}
	m := new(eventpb.Changelog)
	if err := r.Decode(m); err != nil {
		return "", nil, err //nolint:wrapcheck // told as a bad record
	}
	register, err := consent.DecodeRegister(m.GetValue())
	if err == nil && !register.Overlaid() {
		return "", nil, nil
	}
	return m.GetSpace(), []string{string(r.Key[len(r.Key)-identifier.PseudonymSize:])}, nil
}

// parted gives the identifiers of a person who became several; nothing of another transition.
func (a again) parted(r stream.Record) (space string, values []string, err error) {
	m := new(eventpb.Transition)
	if err := r.Decode(m); err != nil {
		return "", nil, err //nolint:wrapcheck // told as a bad record
	}
	if m.GetKind() != string(resolve.Split) {
		return "", nil, nil
	}
	for _, name := range m.GetIdentifiers() {
		p, err := a.s.deps.Keyring.Identifier(m.GetSpace(), name)
		if err != nil {
			return "", nil, err //nolint:wrapcheck // told as a bad record
		}
		values = append(values, string(p[:]))
	}
	return m.GetSpace(), values, nil
}

// people compares the records of the people who hold some identifiers, each record once.
func (a again) people(ctx context.Context, space string, keys []identifier.Key) error {
	people, err := a.s.over.people.People(ctx, space, keys, a.s.deps.Now().Unix())
	if err != nil {
		return fmt.Errorf("reading people: %w", err)
	}
	done := map[string]bool{}
	for _, p := range people {
		for _, x := range p.Leaves {
			if done[string(x.Key)] {
				continue
			}
			done[string(x.Key)] = true
			if err := a.s.pace.Wait(ctx); err != nil {
				return fmt.Errorf("waiting for the pace: %w", err)
			}
			if err := a.s.compareAgain(ctx, &leaf{space: space, id: string(x.Key), state: x.State}); err != nil {
				return err
			}
		}
	}
	return nil
}

// compareAgain compares a record that the index holds as it is, takes one that it does not hold, which may have been erased until now, and forgets
// one that is erased. One that says something else is compared when the changelog of leaves brings it.
func (s *Service) compareAgain(ctx context.Context, l *leaf) error {
	held, err := s.deps.Index.Entry(ctx, l.space, l.id)
	if err != nil {
		return fmt.Errorf("reading an entry: %w", err)
	}
	whose := subjectOf(l)
	wanted, err := s.keysToTake(ctx, l.space, []subject{whose})
	if err != nil {
		return err
	}
	_, stays := wanted[whose]
	if held.ID == "" {
		if stays {
			_, err = s.take(ctx, l, wanted)
		}
		return err
	}
	if err := s.compareHeld(ctx, l, whose, held); err != nil || stays {
		return err
	}
	return s.forget(ctx, l) // after what the graph does not know yet was taken back
}

// compareHeld compares a record that says what its entry holds.
func (s *Service) compareHeld(ctx context.Context, l *leaf, whose subject, held match.Entry) error {
	keys, err := s.keysOf(ctx, l.space, []subject{whose})
	if err != nil {
		return err
	}
	key, there := keys[whose]
	if !there {
		return nil
	}
	traits := traitsOf(l.state, key)
	e, err := entryOf(s.deps.Keyring, l.space, l.id, whose, key, traits)
	if err != nil {
		return err
	}
	if !bytes.Equal(held.Sealed, e.Sealed) || !slices.Equal(held.Blocks, e.Blocks) {
		return nil
	}
	at := s.deps.Now()
	near, err := s.scored(ctx, l, whose, traits, held.Blocks)
	if err != nil {
		return err
	}
	return s.suggest(ctx, l, &comparison{whose: whose, near: near, before: alike(near), known: true, again: true, at: at})
}
