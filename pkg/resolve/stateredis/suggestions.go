package stateredis

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/redis/go-redis/v9"

	"rcu/pkg/match"
)

// suggestionKind reports whether a key holds suggestions of a space.
func suggestionKind(key string) bool {
	return graphKind(":suggested")(key) || graphKind(":suggestions")(key)
}

// PutSuggestion implements match.Index.
func (x *Index) PutSuggestion(ctx context.Context, space string, s match.Suggestion, most int) error {
	packed, err := s.Pack()
	if err != nil {
		return err //nolint:wrapcheck // says all
	}
	err = x.cells.pipeline(ctx, func(p redis.Pipeliner) {
		p.FCall(ctx, indexSuggest, []string{suggestionOrder(space), suggestionValues(space)}, s.ID, s.Rank(), packed, most)
	})
	if err != nil {
		return fmt.Errorf("putting a suggestion: %w", err)
	}
	return nil
}

// RemoveSuggestions implements match.Index.
func (x *Index) RemoveSuggestions(ctx context.Context, space string, ids []string) error {
	if len(ids) == 0 {
		return nil
	}
	members := make([]any, len(ids))
	for i, id := range ids {
		members[i] = id
	}
	err := x.cells.pipeline(ctx, func(p redis.Pipeliner) {
		p.ZRem(ctx, suggestionOrder(space), members...)
		p.HDel(ctx, suggestionValues(space), ids...)
	})
	if err != nil {
		return fmt.Errorf("removing %d suggestions: %w", len(ids), err)
	}
	return nil
}

// Suggestions implements match.Index.
func (x *Index) Suggestions(ctx context.Context, space, after string, limit int) (list []match.Suggestion, next string, err error) {
	from, err := x.placeOf(ctx, space, after)
	if err != nil {
		return nil, "", err
	}
	ids, err := x.c.rdb.ZRevRange(ctx, suggestionOrder(space), from, from+int64(limit)).Result()
	if err != nil {
		return nil, "", fmt.Errorf("listing suggestions: %w", withoutKey(err))
	}
	if len(ids) == 0 {
		return nil, "", nil
	}
	values, err := x.c.rdb.HMGet(ctx, suggestionValues(space), ids...).Result()
	if err != nil {
		return nil, "", fmt.Errorf("reading suggestions: %w", withoutKey(err))
	}
	for i, v := range values[:min(len(values), limit)] {
		packed, there := v.(string)
		if !there {
			continue // it was removed between the two reads
		}
		s, err := match.ParseSuggestion(ids[i], []byte(packed))
		if err != nil {
			return nil, "", err //nolint:wrapcheck // says all
		}
		list = append(list, s)
	}
	if len(ids) > limit && len(list) > 0 {
		next = list[len(list)-1].Place()
	}
	return list, next, nil
}

// placeOf is the number of the suggestion behind a place. One that is gone has left its rank: those of the same rank may come again.
func (x *Index) placeOf(ctx context.Context, space, after string) (int64, error) {
	rank, id, err := match.ParsePlace(after)
	if err != nil || after == "" {
		return 0, err //nolint:wrapcheck // says all
	}
	n, err := x.c.rdb.ZRevRank(ctx, suggestionOrder(space), id).Result()
	if err == nil {
		return n + 1, nil
	}
	if errors.Is(err, redis.Nil) {
		n, err = x.c.rdb.ZCount(ctx, suggestionOrder(space), "("+strconv.FormatInt(rank, 10), "+inf").Result()
	}
	if err != nil {
		return 0, fmt.Errorf("finding a place among the suggestions: %w", withoutKey(err))
	}
	return n, nil
}

// CountSuggestions implements match.Index.
func (x *Index) CountSuggestions(ctx context.Context, space string) (int64, error) {
	n, err := x.c.rdb.ZCard(ctx, suggestionOrder(space)).Result()
	if err != nil {
		return 0, fmt.Errorf("counting suggestions: %w", withoutKey(err))
	}
	return n, nil
}
