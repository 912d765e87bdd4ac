package privacy

import (
	"context"
	"fmt"
	"slices"
	"time"
)

// patience is how long a round waits for Redis to write its files anew, and how often it asks.
const (
	patience = 10 * time.Minute
	askEvery = 200 * time.Millisecond
)

// Round destroys the keys that are due and notes those that no store has any more, and returns how many that are. A round that is cut short is done
// again: what is not noted is due.
func (s *Service) Round(ctx context.Context) (int, error) {
	var destroyed []Entry
	for some := range slices.Chunk(s.due(), together) {
		lying, ended, err := s.judged(ctx, some)
		if err != nil {
			return 0, err
		}
		if err := s.deps.Ledger.SetEnded(ended); err != nil {
			return 0, err
		}
		references, err := s.references(ctx, lying)
		if err != nil {
			return 0, err
		}
		all := slices.Concat(lying, references)
		if err := s.keys.destroy(ctx, all); err != nil {
			return 0, err
		}
		destroyed = append(destroyed, all...)
	}
	if len(destroyed) == 0 {
		return 0, nil
	}
	if err := s.settle(ctx); err != nil {
		return 0, err
	}
	return s.note(ctx, destroyed)
}

// settle waits until the files of the state have nothing of what was deleted, and for as long as a crash may undo what was written last.
func (s *Service) settle(ctx context.Context) error {
	if err := pause(ctx, s.cfg.Settle); err != nil {
		return err
	}
	if s.deps.Files == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for begun := false; ; {
		var err error
		if !begun {
			begun, err = s.deps.Files.RewriteFiles(ctx)
		} else {
			var going bool
			if going, err = s.deps.Files.Rewriting(ctx); err == nil && !going {
				return nil
			}
		}
		if err == nil {
			err = pause(ctx, askEvery)
		}
		if err != nil {
			return fmt.Errorf("waiting for the files of redis to be written anew: %w", err)
		}
	}
}

func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err() //nolint:wrapcheck // asked to end
	case <-t.C:
		return nil
	}
}

// note looks for the keys once more and writes into the ledger that they are gone.
func (s *Service) note(ctx context.Context, destroyed []Entry) (int, error) {
	n := 0
	for some := range slices.Chunk(destroyed, together) {
		if err := s.keys.confirm(ctx, some); err != nil {
			return n, err
		}
		if err := s.deps.Ledger.SetDestroyed(some, s.deps.Now().Unix()); err != nil {
			return n, err
		}
		n += len(some)
		s.metrics.keys.Add(float64(len(some)))
	}
	return n, nil
}
