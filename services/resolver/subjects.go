package resolver

import (
	"context"
	"encoding/hex"
	"fmt"
	"time"

	"github.com/maypok86/otter/v2"

	"rcu/pkg/consent"
	"rcu/pkg/identifier"
	"rcu/pkg/resolve"
	"rcu/pkg/stream"
	"rcu/pkg/vault"
)

// maxSubjects is the number of subject keys kept ready.
const maxSubjects = 20_000

// everReady is longer than any process lives.
const everReady = 100 * 365 * 24 * time.Hour

// subject is whose traits a key seals: the first identifier of a leaf, at one controller.
type subject struct {
	space, controller string
	key               identifier.Key
}

func (s subject) id() string   { return hex.EncodeToString([]byte(s.key.Value)) }
func (s subject) cell() string { return resolve.SubjectKeyCell(s.space, s.controller, s.key) }

// subjects makes and keeps the keys that traits are sealed with. A key lies in Redis before anything is sealed with it. One that was destroyed is used by
// nobody once it has been ready for its time: until then it seals what nobody can open.
type subjects struct {
	cells   resolve.Cells
	ring    *vault.Keyring
	pending *pending
	now     func() time.Time
	ready   *otter.Cache[subject, vault.SubjectKey]
}

func newSubjects(d Deps, p *pending, readyFor time.Duration) *subjects {
	if faults.keepKeys {
		readyFor = everReady
	}
	return &subjects{cells: d.Cells, ring: d.Keyring, pending: p, now: d.Now, ready: otter.Must(&otter.Options[subject, vault.SubjectKey]{
		MaximumSize: maxSubjects, ExpiryCalculator: otter.ExpiryWriting[subject, vault.SubjectKey](readyFor),
	})}
}

// forget drops the keys that are kept ready.
func (s *subjects) forget() { s.ready.InvalidateAll() }

// load returns the keys of subjects; those that have none get one. A subject that is erased has none and gets none.
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
		key, write, err := s.keyOf(ctx, missing[i], c)
		if keys[missing[i]] = key; err == nil && key == (vault.SubjectKey{}) {
			delete(keys, missing[i])
		}
		return write, err
	})
	if err != nil {
		return nil, fmt.Errorf("preparing subject keys: %w", err)
	}
	made := make([]cellRef, len(missing))
	for i, x := range missing {
		if key, ok := keys[x]; ok {
			s.ready.Set(x, key)
		}
		made[i] = x.changelog()
		made[i].stored = stored[i]
	}
	s.pending.add(made, nil)
	return keys, nil
}

// keyOf returns the key of a subject from its cell, and puts a new one there where it has none: write. It returns no key for a subject whose key was
// destroyed and whose erasure lies, or is not known any more.
func (s *subjects) keyOf(ctx context.Context, x subject, c *resolve.Cell) (key vault.SubjectKey, write bool, err error) {
	switch {
	case len(c.Value) > 0:
		key, err = s.ring.SubjectKey(x.controller, x.id(), c.Value)
	case !resolve.KeyDestroyed(*c) || faults.keyAgain:
		write = true
		key, c.Value, err = s.ring.NewSubjectKey(x.controller, x.id())
	default:
		var ended int64
		if ended, write, err = s.erasureEnded(ctx, x); err == nil && write {
			key, c.Value, err = s.ring.NewSubjectKeySince(x.controller, x.id(), ended)
		}
	}
	return key, write, err
}

// erasureEnded returns when the erasure of a subject ended; ok is false while it lies, and where the register does not know of it.
func (s *subjects) erasureEnded(ctx context.Context, x subject) (at int64, ok bool, err error) {
	cells, err := s.cells.LoadCells(ctx, []string{resolve.ConsentCell(x.space, x.controller, x.key)})
	if err != nil {
		return 0, false, fmt.Errorf("reading the erasure of a subject: %w", err)
	}
	register, err := consent.DecodeRegister(cells[0].Value)
	if err != nil {
		return 0, false, nil //nolint:nilerr // what cannot be read denies
	}
	now := s.now().Unix()
	until, erased := register.ErasedUntil(now)
	return until, erased && until <= now, nil
}

func (s subject) changelog() cellRef {
	return cellRef{space: s.space, topic: stream.TopicKeys, key: s.cell(), about: keyAbout{s.controller, s.id()}}
}
