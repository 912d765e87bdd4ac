package stateredis

import (
	"context"
	"encoding/binary"
	"fmt"
	"strconv"

	"github.com/redis/go-redis/v9"

	"rcu/pkg/identity"
	"rcu/pkg/resolve"
)

// reviewStep is how much of a review queue one command reads: it must not hold the server up.
const reviewStep = 500

// reviewText packs the weights of a record for the function that commits it; empty: it is in no queue.
func reviewText(w identity.ReviewWeights) []byte {
	if w == (identity.ReviewWeights{}) {
		return []byte{}
	}
	out := make([]byte, 0, 4*len(w))
	for _, weight := range w {
		out = binary.BigEndian.AppendUint32(out, weight)
	}
	return out
}

// ReviewComponents implements resolve.GraphState. Components of one weight are many: those before the place are read over.
func (g *Graph) ReviewComponents(ctx context.Context, space string, kind identity.ReviewKind, after resolve.ReviewPlace, limit int) ([]resolve.ReviewPlace, error) {
	by := &redis.ZRangeBy{Min: "-inf", Max: "+inf", Count: reviewStep}
	first := after == resolve.ReviewPlace{}
	if !first {
		by.Max = strconv.FormatUint(uint64(after.Weight), 10)
	}
	var out []resolve.ReviewPlace
	for ; ; by.Offset += reviewStep {
		some, err := g.c.rdb.ZRevRangeByScoreWithScores(ctx, graphKeys(space).review(kind), by).Result()
		if err != nil {
			return nil, fmt.Errorf("reading the review queue: %w", err)
		}
		for _, z := range some {
			place, err := placeOf(z)
			if err != nil {
				return nil, err
			}
			if !first && resolve.CompareReview(place, after) <= 0 {
				continue
			}
			if out = append(out, place); len(out) == limit {
				return out, nil
			}
		}
		if len(some) < reviewStep {
			return out, nil
		}
	}
}

func placeOf(z redis.Z) (resolve.ReviewPlace, error) {
	text, _ := z.Member.(string)
	c, err := parseComponent(text)
	return resolve.ReviewPlace{Weight: uint32(z.Score), Component: c}, err
}

// CountReview implements resolve.GraphState.
func (g *Graph) CountReview(ctx context.Context, space string) ([identity.ReviewKinds]int, error) {
	var cmds [identity.ReviewKinds]*redis.IntCmd
	var counts [identity.ReviewKinds]int
	err := g.pipeline(ctx, func(p redis.Pipeliner) {
		for k := range identity.ReviewKinds {
			cmds[k] = p.ZCard(ctx, graphKeys(space).review(k))
		}
	})
	if err != nil {
		return counts, fmt.Errorf("counting the review queue: %w", err)
	}
	for k := range identity.ReviewKinds {
		counts[k] = int(cmds[k].Val())
	}
	return counts, nil
}
