package main

import (
	"context"
	"errors"
	"sync"
	"time"

	"rcu/pkg/stream"
	"rcu/services/e2e/chaos/judge"
)

// lookEvery is how often the committed offsets are asked for.
const lookEvery = 100 * time.Millisecond

// progress observes the commits of the consumer groups.
type progress struct {
	client *stream.Client

	mu    sync.Mutex
	round int              // counts the marks
	mark  map[string]int64 // group -> its committed offsets, added up, as first seen after the mark
	sum   map[string]int64 // as last seen
}

// watch observes until ctx ends. A broker that does not answer is no progress.
func (p *progress) watch(ctx context.Context) {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		for group := range judge.Groups {
			p.look(ctx, group)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

func (p *progress) look(ctx context.Context, group string) {
	p.mu.Lock()
	round := p.round
	p.mu.Unlock()
	sum, err := judge.Committed(ctx, p.client, group)
	if err != nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if round != p.round {
		return // it was asked before the mark
	}
	if _, marked := p.mark[group]; !marked {
		p.mark[group] = sum
	}
	p.sum[group] = sum
}

// begin marks where the groups are from now on.
func (p *progress) begin() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.round++
	p.mark, p.sum = map[string]int64{}, map[string]int64{}
}

var errStill = errors.New("no commit of every consumer group since the last kill")

// made reports whether every group has committed since the mark.
func (p *progress) made() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	for group := range judge.Groups {
		if mark, known := p.mark[group]; !known || p.sum[group] <= mark {
			return errStill
		}
	}
	return nil
}
