package resolve

import (
	"context"
	"fmt"
	"slices"

	"rcu/pkg/identifier"
	"rcu/pkg/identity"
)

// What is done at once of a hub that is erased: components that are looked at, and neighbours that are written.
const (
	hubStep      = 200
	besideAtOnce = 32
)

// eraseHubs takes those of some identifiers that are hubs out of the records of their neighbours. A hub does not know them all: the space is walked over, a
// few components at a time, until a walk finds none. What was written under another key meanwhile is found by the next walk.
func (g *Graph) eraseHubs(ctx context.Context, space string, keys []identifier.Key, now int64) error {
	hubs := map[identifier.Key]bool{}
	err := g.look(ctx, space, keys, now, func(p *planner) {
		for _, k := range keys {
			if n := p.ev.Node(k); n != nil && n.Hub() {
				hubs[k] = true
			}
		}
	})
	if err != nil || len(hubs) == 0 || faults.hubsStay {
		return err
	}
	for range maxAttempts {
		found, err := g.eraseBeside(ctx, space, hubs, now)
		if err != nil || found == 0 {
			return err
		}
	}
	return ErrContended
}

// eraseBeside walks over a space once, and returns how many neighbours it met.
func (g *Graph) eraseBeside(ctx context.Context, space string, hubs map[identifier.Key]bool, now int64) (found int, err error) {
	for cursor := ""; ; {
		keys, next, err := g.state.ScanComponents(ctx, space, cursor, hubStep)
		if err != nil {
			return found, fmt.Errorf("walking over components: %w", err)
		}
		beside, err := g.besideHubs(ctx, space, keys, hubs)
		if err != nil {
			return found, err
		}
		for hub, all := range beside {
			found += len(all)
			for some := range slices.Chunk(all, besideAtOnce) {
				if err := g.do(ctx, space, now, &graphJob{keys: []identifier.Key{hub}, beside: some, erases: true}); err != nil {
					return found, err
				}
			}
		}
		if cursor = next; cursor == "" {
			return found, nil
		}
	}
}

// besideHubs lists, by hub, who holds something in some components that was told of both.
func (g *Graph) besideHubs(ctx context.Context, space string, keys []ComponentKey, hubs map[identifier.Key]bool) (map[identifier.Key][]identifier.Key, error) {
	out := map[identifier.Key][]identifier.Key{}
	if len(keys) == 0 {
		return out, nil
	}
	s, err := g.state.LoadComponents(ctx, space, keys)
	if err != nil {
		return nil, fmt.Errorf("loading components: %w", err)
	}
	for _, packed := range s.Records {
		r, err := decodeRecord(packed)
		if err != nil {
			return nil, err
		}
		for _, m := range r.members {
			for _, e := range m.Edges {
				if hub := e.Other(m.Key); hubs[hub] && (e.Act.Op != identity.Ban || len(e.Witnesses)+len(e.Compared) > 0) {
					out[hub] = append(out[hub], m.Key)
				}
			}
		}
	}
	return out, nil
}
