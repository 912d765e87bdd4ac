package statemem

import (
	"context"
	"slices"

	"rcu/pkg/identity"
	"rcu/pkg/resolve"
)

// review puts a component into the review queues by its weights; one of 0 takes it out. A queue that is too long loses its lightest.
func (s *graphSpace) review(c resolve.ComponentKey, weights identity.ReviewWeights) {
	for k, weight := range weights {
		queue := s.reviews[k]
		if weight == 0 {
			delete(queue, c)
			continue
		}
		if queue[c] = weight; len(queue) > resolve.MaxReview {
			delete(queue, slices.MaxFunc(places(queue), resolve.CompareReview).Component)
		}
	}
}

func places(queue map[resolve.ComponentKey]uint32) []resolve.ReviewPlace {
	out := make([]resolve.ReviewPlace, 0, len(queue))
	for c, weight := range queue {
		out = append(out, resolve.ReviewPlace{Weight: weight, Component: c})
	}
	return out
}

// ReviewComponents implements resolve.GraphState.
func (g *Graph) ReviewComponents(_ context.Context, space string, kind identity.ReviewKind, after resolve.ReviewPlace, limit int) ([]resolve.ReviewPlace, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	out := places(g.space(space).reviews[kind])
	if after != (resolve.ReviewPlace{}) {
		out = slices.DeleteFunc(out, func(p resolve.ReviewPlace) bool { return resolve.CompareReview(p, after) <= 0 })
	}
	slices.SortFunc(out, resolve.CompareReview)
	return out[:min(limit, len(out))], nil
}

// CountReview implements resolve.GraphState.
func (g *Graph) CountReview(_ context.Context, space string) ([identity.ReviewKinds]int, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	s := g.space(space)
	var counts [identity.ReviewKinds]int
	for k := range identity.ReviewKinds {
		counts[k] = len(s.reviews[k])
	}
	return counts, nil
}
