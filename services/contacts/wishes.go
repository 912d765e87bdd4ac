package contacts

import (
	"context"
	"fmt"
	"slices"
	"time"

	"rcu/pkg/contact"
	"rcu/pkg/identifier"
	"rcu/pkg/resolve"
)

// wishes reads what the person chose: at the point that is asked about, and at any other point for all of them. What cannot be read is an error:
// nobody knows then what the person does not want.
func (s *Service) wishes(ctx context.Context, q *request, who contact.Party, now time.Time) (contact.Wishes, error) {
	points := append([]identifier.Key{q.Ask.Point}, slices.DeleteFunc(slices.Clone(who.Points), func(k identifier.Key) bool { return k == q.Ask.Point })...)
	names := make([]string, len(points))
	for i, k := range points {
		names[i] = resolve.WishCell(q.reader.Space, q.controller, k)
	}
	cells, err := s.deps.Registers.LoadCells(ctx, names)
	if err != nil {
		return contact.Wishes{}, fmt.Errorf("reading wishes: %w", err)
	}
	books := make([]contact.Book, len(cells))
	for i, c := range cells {
		if books[i], err = contact.DecodeBook(c.Value); err != nil {
			return contact.Wishes{}, err //nolint:wrapcheck // says all
		}
	}
	return contact.WishesAt(books[0], books[1:], now), nil
}
