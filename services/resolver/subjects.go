package resolver

import (
	"context"
	"encoding/hex"
	"fmt"

	"github.com/maypok86/otter/v2"

	"rcu/pkg/identifier"
	"rcu/pkg/resolve"
	"rcu/pkg/stream"
	"rcu/pkg/vault"
)

// maxSubjects is the number of subject keys kept ready.
const maxSubjects = 20_000

// subject is whose traits a key seals: the first identifier of a leaf, at one controller.
type subject struct {
	space, controller string
	key               identifier.Key
}

func (s subject) id() string   { return hex.EncodeToString([]byte(s.key.Value)) }
func (s subject) cell() string { return resolve.SubjectKeyCell(s.space, s.controller, s.key) }

// subjects makes and keeps the keys that traits are sealed with. A key lies in Redis before anything is sealed with it.
type subjects struct {
	cells   resolve.Cells
	ring    *vault.Keyring
	pending *pending
	ready   *otter.Cache[subject, vault.SubjectKey]
}

func newSubjects(cells resolve.Cells, ring *vault.Keyring, p *pending) *subjects {
	return &subjects{cells: cells, ring: ring, pending: p, ready: otter.Must(&otter.Options[subject, vault.SubjectKey]{MaximumSize: maxSubjects})}
}

// forget drops the keys that are kept ready.
func (s *subjects) forget() { s.ready.InvalidateAll() }

// load returns the keys of subjects; those that have none get one.
func (s *subjects) load(ctx context.Context, w *stateWriter, wanted []subject) (map[subject]vault.SubjectKey, error) {
	keys := make(map[subject]vault.SubjectKey, len(wanted))
	var missing []subject
	var cells []string
	for _, x := range wanted {
		if _, known := keys[x]; known {
			continue
		}
		key, ok := s.ready.GetIfPresent(x)
		if keys[x] = key; !ok {
			missing, cells = append(missing, x), append(cells, x.cell())
		}
	}
	if len(missing) == 0 {
		return keys, nil
	}
	stored, err := w.store(ctx, "subject keys", cells, func(i int, c *resolve.Cell) (bool, error) {
		x := missing[i]
		var err error
		if len(c.Value) > 0 {
			keys[x], err = s.ring.SubjectKey(x.controller, x.id(), c.Value)
			return false, err
		}
		keys[x], c.Value, err = s.ring.NewSubjectKey(x.controller, x.id())
		return true, err
	})
	if err != nil {
		return nil, fmt.Errorf("preparing subject keys: %w", err)
	}
	made := make([]cellRef, len(missing))
	for i, x := range missing {
		s.ready.Set(x, keys[x])
		made[i] = x.changelog()
		made[i].stored = stored[i]
	}
	s.pending.add(made, nil)
	return keys, nil
}

func (s subject) changelog() cellRef {
	return cellRef{space: s.space, topic: stream.TopicKeys, key: s.cell(), about: keyAbout{s.controller, s.id()}}
}
