package main

import (
	"context"
	"slices"
	"sync"
	"time"

	"go.uber.org/zap"

	"rcu/pkg/identity"
)

// followEvery is how often changed rules are looked for.
const followEvery = 2 * time.Second

// blockedPatterns follows the patterns of blocked values that are in force in each space, for the ingestors of this process. What was
// known last holds while Redis is away.
type blockedPatterns struct {
	mu     sync.RWMutex
	texts  map[string][]string
	spaces map[string]identity.Patterns
}

// of returns the patterns of a space.
func (b *blockedPatterns) of(space string) identity.Patterns {
	b.mu.RLock()
	defer b.mu.RUnlock()
	return b.spaces[space]
}

// set takes the patterns of a space, prepared anew when they changed.
func (b *blockedPatterns) set(space string, texts []string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.spaces == nil {
		b.texts, b.spaces = map[string][]string{}, map[string]identity.Patterns{}
	}
	if !slices.Equal(b.texts[space], texts) {
		b.texts[space], b.spaces[space] = texts, identity.PatternsOf(texts)
	}
}

// read asks for the rules of every space once.
func (b *blockedPatterns) read(ctx context.Context, d *deps) error {
	spaces, err := d.spaces()
	if err != nil {
		return err
	}
	for _, space := range spaces {
		kernel, err := d.graph.Reload(ctx, space)
		if err != nil {
			return err //nolint:wrapcheck // says all
		}
		b.set(space, kernel.Rules().BlockedPatterns)
	}
	return nil
}

// follow reads the rules again and again until ctx ends.
func (b *blockedPatterns) follow(ctx context.Context, d *deps) error {
	away := false
	for {
		err := b.read(ctx, d)
		if err != nil && ctx.Err() == nil && !away {
			d.log.Warn("reading the patterns of blocked values", zap.Error(err))
		}
		away = err != nil
		if !rest(ctx, followEvery) {
			return nil
		}
	}
}
