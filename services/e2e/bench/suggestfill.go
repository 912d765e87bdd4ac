package main

import (
	"context"
	"encoding/hex"
	"fmt"
	"path/filepath"
	"sync/atomic"

	"golang.org/x/sync/errgroup"

	"rcu/pkg/identifier"
	"rcu/pkg/resolve"
	"rcu/pkg/resolve/stateredis"
	"rcu/pkg/vault"
	"rcu/services/internal/demo"
	"rcu/services/matcher"
)

const (
	// fillers is how many put people into the index at once; fillStep how many each takes.
	fillers  = 16
	fillStep = 250
)

// filler puts people into the index through its own port, each with the key that seals what is known of them.
type filler struct {
	ring   *vault.Keyring
	crowd  *demo.Crowd
	client *stateredis.Client
	cells  *stateredis.Cells
	index  *stateredis.Index
}

// newFiller fills the Redis at an address, by the keys in a folder.
func newFiller(ctx context.Context, dir, redis string) (*filler, error) {
	ring, _, err := vault.LoadOrCreate(filepath.Join(dir, "keys.json"))
	if err != nil {
		return nil, fmt.Errorf("reading the keys: %w", err)
	}
	client, err := stateredis.Open(ctx, stateredis.Config{Addrs: []string{redis}})
	if err != nil {
		return nil, err //nolint:wrapcheck // says all
	}
	return &filler{ring, demo.NewCrowd(), client, stateredis.NewCells(client), stateredis.NewIndex(client)}, nil
}

// fillIndex puts so many people into the index of the Redis at an address, by the keys in a folder.
func fillIndex(ctx context.Context, dir, redis string, people int, say func(string, ...any)) error {
	f, err := newFiller(ctx, dir, redis)
	if err != nil {
		return err
	}
	defer func() { _ = f.client.Close() }()
	say("putting %d people into the index", people)
	return f.all(ctx, people, say)
}

// all puts so many people into the index, several at once.
func (f *filler) all(ctx context.Context, people int, say func(string, ...any)) error {
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(fillers)
	var done atomic.Int64
	for from := 0; from < people && ctx.Err() == nil; from += fillStep {
		g.Go(func() error {
			to := min(from+fillStep, people)
			if err := f.fill(ctx, from, to); err != nil {
				return fmt.Errorf("filling the index: %w", err)
			}
			if n := done.Add(int64(to - from)); n%200_000 < fillStep {
				say("%d of %d", n, people)
			}
			return nil
		})
	}
	return g.Wait() //nolint:wrapcheck // of ours
}

// fill puts some people into the index.
func (f *filler) fill(ctx context.Context, from, to int) error {
	cells := make([]resolve.Cell, to-from)
	keys := make([]vault.SubjectKey, to-from)
	cards := make([]identifier.Key, to-from)
	for i := range cells {
		card := identifier.KeyOf(identifier.Card, f.ring.Pseudonym(demo.Space, identifier.Card, fmt.Sprintf("29%011d", from+i)))
		key, wrapped, err := f.ring.NewSubjectKey(demo.Retail, hex.EncodeToString([]byte(card.Value)))
		if err != nil {
			return err //nolint:wrapcheck // says all
		}
		cards[i], keys[i], cells[i] = card, key, resolve.Cell{Key: resolve.SubjectKeyCell(demo.Space, demo.Retail, card), Value: wrapped}
	}
	if _, err := f.cells.CommitCells(ctx, cells); err != nil {
		return fmt.Errorf("writing keys of subjects: %w", err)
	}
	for i, card := range cards {
		leaf := f.ring.Pseudonym(demo.Space, identifier.Card, fmt.Sprintf("leaf %d", from+i))
		id := identifier.KeyOf(identifier.Card, leaf).Value[1:17]
		e, err := matcher.NewEntry(f.ring, matcher.Record{Space: demo.Space, Controller: demo.Retail, Leaf: id, Key: card, Traits: f.crowd.Traits(from + i)}, keys[i])
		if err != nil {
			return err
		}
		e.Compared = true
		if _, err := f.index.PutEntry(ctx, demo.Space, e); err != nil {
			return err //nolint:wrapcheck // says all
		}
	}
	return nil
}
