package steward

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"go.uber.org/zap"
	"golang.org/x/sync/errgroup"

	"rcu/pkg/event"
	"rcu/pkg/stream"
	eventpb "rcu/schemas/event"
)

// book keeps the latest acts of all spaces ready, by what lies on rcu.acts: it is filled again at every start.
type book struct {
	limit int
	full  atomic.Bool // everything that lay on the topic at the start is in it

	mu   sync.RWMutex
	acts []*eventpb.Act // the latest first
	byID map[bookID]*eventpb.Act
}

type bookID struct{ space, id string }

func newBook(limit int) *book { return &book{limit: limit, byID: map[bookID]*eventpb.Act{}} }

var errBook = errors.New("acts are being read from kafka")

func (b *book) ready() error {
	if b.full.Load() {
		return nil
	}
	return errBook
}

// compareActs orders acts as they are listed: the latest first.
func compareActs(x, y *eventpb.Act) int {
	switch {
	case x.GetT() != y.GetT():
		if x.GetT() > y.GetT() {
			return -1
		}
		return 1
	case x.GetId() != y.GetId():
		return strings.Compare(y.GetId(), x.GetId())
	default:
		return strings.Compare(x.GetSpace(), y.GetSpace())
	}
}

// add takes an act in; the earliest is forgotten when there are too many. An id stays with the act that it came with first.
func (b *book) add(m *eventpb.Act) {
	b.mu.Lock()
	defer b.mu.Unlock()
	id := bookID{m.GetSpace(), m.GetId()}
	if b.byID[id] != nil {
		return
	}
	i, _ := slices.BinarySearchFunc(b.acts, m, compareActs)
	if i >= b.limit {
		return
	}
	b.acts = slices.Insert(b.acts, i, m)
	b.byID[id] = m
	if last := len(b.acts) - 1; last >= b.limit {
		delete(b.byID, bookID{b.acts[last].GetSpace(), b.acts[last].GetId()})
		b.acts = b.acts[:last]
	}
}

// find returns an act by its id; nil when it is not known, or too old.
func (b *book) find(space, id string) *eventpb.Act {
	b.mu.RLock()
	defer b.mu.RUnlock()
	return b.byID[bookID{space, id}]
}

// page lists acts of a space behind one of them (nil: from the latest on) that hold, the latest first. more says that there are further ones.
func (b *book) page(space string, behind *eventpb.Act, limit int, holds func(*eventpb.Act) bool) (out []*eventpb.Act, more bool) {
	b.mu.RLock()
	defer b.mu.RUnlock()
	from := 0
	if behind != nil {
		i, found := slices.BinarySearchFunc(b.acts, behind, compareActs)
		if from = i; found {
			from++
		}
	}
	for _, m := range b.acts[from:] {
		if m.GetSpace() != space || !holds(m) {
			continue
		}
		if len(out) == limit {
			return out, true
		}
		out = append(out, m)
	}
	return out, false
}

// follow fills the book until ctx ends.
func (s *Service) follow(ctx context.Context) error {
	n, err := s.deps.Topics.Partitions(ctx, stream.TopicActs)
	if err != nil {
		return fmt.Errorf("asking for the partitions of %s: %w", stream.TopicActs, err)
	}
	var missing atomic.Int64
	missing.Store(int64(n))
	group, ctx := errgroup.WithContext(ctx)
	for p := range n {
		group.Go(func() error {
			err := s.deps.Topics.Follow(ctx, stream.TopicActs, p, stream.FromStart, s.learn, func() {
				if missing.Add(-1) == 0 {
					s.book.full.Store(true)
				}
			})
			if ctx.Err() != nil {
				return nil //nolint:nilerr // asked to end
			}
			return fmt.Errorf("following %s: %w", stream.TopicActs, err)
		})
	}
	return group.Wait()
}

// learn takes a record of rcu.acts in. What cannot be read is the resolver's to put aside.
func (s *Service) learn(r stream.Record) error {
	m := new(eventpb.Act)
	err := r.Decode(m)
	if err == nil {
		if _, ok := event.ActFact(m); ok {
			s.book.add(m)
			return nil
		}
	}
	s.deps.Log.Warn("a record of the acts cannot be read", zap.Int("partition", r.Partition), zap.Int64("offset", r.Offset))
	return nil
}
