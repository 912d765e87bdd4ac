package resolver

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"go.uber.org/zap"
	"golang.org/x/sync/errgroup"

	"rcu/pkg/stream"
)

// publishChunk is how many values are published together.
const publishChunk = 500

// longestWait bounds how long profiles wait for events to be resolved first, and the rest behind a publication in turn that took long.
const longestWait = 5 * time.Second

// publishPending publishes what is pending, again and again, each thing at most once per PublishEvery. Events come first: while more of
// them wait than a batch holds, profiles are told every longestWait only, and what takes long is followed by as long a rest. So each person is
// told less often the more there is to do.
func (s *Service) publishPending(ctx context.Context) error {
	timer := time.NewTimer(s.cfg.PublishEvery)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-timer.C:
		}
		started := s.deps.Now()
		if err := s.publishDue(ctx); err != nil && ctx.Err() == nil {
			s.deps.Log.Warn("publishing changelogs", zap.Error(err))
		}
		timer.Reset(s.restAfter(started, s.deps.Now()))
	}
}

// publishDue publishes the cells whose turn it is, and the profiles if it is time.
func (s *Service) publishDue(ctx context.Context) error {
	now := s.deps.Now()
	due, cellsFirst := s.timetable.due(now), s.behind() > int64(s.cfg.BatchRecords)
	if s.pending.size() > s.cfg.MaxPending/2 || cellsFirst && now.Sub(s.pending.through()) >= longestWait {
		due, cellsFirst = everything(), false
	}
	s.timetable.took(due, now)
	if cellsFirst {
		return s.publishCellsFirst(ctx, due)
	}
	return s.publishAll(ctx, due)
}

// publishCellsFirst publishes cells alone; offsets go on waiting for the profiles.
func (s *Service) publishCellsFirst(ctx context.Context, of chosen) error {
	s.flushing.Lock()
	defer s.flushing.Unlock()
	_, f, err := s.publishTaken(ctx, func() taken { return s.pending.takeCells(of) })
	s.pending.add(f.again, nil)
	return err
}

// restAfter is how long nothing is published in turn after a publication that took from one time to another.
func (s *Service) restAfter(began, ended time.Time) time.Duration {
	if s.pending.size() > s.cfg.MaxPending/2 {
		return 0
	}
	return max(s.timetable.first().Sub(ended), min(ended.Sub(began), longestWait))
}

// flush publishes everything pending.
func (s *Service) flush(ctx context.Context) error { return s.publishAll(ctx, everything()) }

// publishAll publishes everything that is pending of some portions. What could not be published stays pending, and offsets wait for it. Publications
// in turn come one after the other: the time up to which everything is out belongs to one of them. Within one, several are under way: it
// holds each key once, so none of them passes another of its key.
func (s *Service) publishAll(ctx context.Context, of chosen) error {
	s.flushing.Lock()
	defer s.flushing.Unlock()
	t, f, err := s.publishTaken(ctx, func() taken { return s.pending.take(of) })
	s.pending.add(f.again, nil)
	s.pending.owe(f.owed)
	if err != nil || len(f.again) > 0 {
		return err
	}
	s.pending.done(t)
	return s.mark(ctx, t.at)
}

// publishTaken takes what is pending and publishes it, first the leaves that should go out before their turn and were met by it. What f holds has to
// be published again.
func (s *Service) publishTaken(ctx context.Context, take func() taken) (t taken, f *flushed, err error) {
	f = &flushed{s: s}
	t, rest, err := s.publishKeys(ctx, f, take)
	if err != nil {
		return t, f, err
	}
	first := s.together(f.cells(ctx, t.urgent))
	return t, f, errors.Join(first, s.together(append(f.cells(ctx, rest), f.profiles(ctx, t.profiles)...)))
}

// publishKeys takes what is pending and publishes the keys of subjects among it. When they could not be published, all of it is pending
// again before a leaf may go out before its turn: see publishUrgent.
func (s *Service) publishKeys(ctx context.Context, f *flushed, take func() taken) (t taken, rest []cellRef, err error) {
	s.sealers.Lock()
	defer s.sealers.Unlock()
	t = take()
	keys, rest := keysFirst(t.cells)
	if err = s.together(f.cells(ctx, keys)); err == nil {
		return t, rest, nil
	}
	s.pending.add(slices.Concat(f.again, rest, t.urgent), nil)
	s.pending.owe(t.profiles)
	f.again = nil
	return t, nil, err
}

// keysFirst parts the keys of subjects from what they seal: values of a leaf that is out while its key is not would be lost with Redis.
func keysFirst(cells []cellRef) (keys, rest []cellRef) {
	rest = make([]cellRef, 0, len(cells))
	for _, c := range cells {
		if c.topic == stream.TopicKeys && !faults.keysLast {
			keys = append(keys, c)
		} else {
			rest = append(rest, c)
		}
	}
	return keys, rest
}

// flushed is what a flush leaves for the next one.
type flushed struct {
	s     *Service
	mu    sync.Mutex
	again []cellRef
	owed  []owedProfile
}

// cells are jobs that publish cells.
func (f *flushed) cells(ctx context.Context, cells []cellRef) (jobs []func() error) {
	for some := range slices.Chunk(cells, publishChunk) {
		jobs = append(jobs, func() error {
			left, err := f.s.publishAllCells(ctx, some)
			f.mu.Lock()
			defer f.mu.Unlock()
			f.again = append(f.again, left...)
			return err
		})
	}
	return jobs
}

// profiles are jobs that publish profiles.
func (f *flushed) profiles(ctx context.Context, profiles []owedProfile) (jobs []func() error) {
	for some := range slices.Chunk(byHolder(profiles), profileChunk) {
		jobs = append(jobs, func() error {
			err := f.s.publishOwed(ctx, some)
			if err != nil {
				f.mu.Lock()
				defer f.mu.Unlock()
				f.owed = append(f.owed, some...)
			}
			return err
		})
	}
	return jobs
}

// together does jobs, as many at once as there are publishers, and all of them whatever becomes of the others.
func (s *Service) together(jobs []func() error) error {
	errs := make([]error, len(jobs))
	if s.cfg.Publishers == 1 {
		for i, job := range jobs {
			errs[i] = job()
		}
		return errors.Join(errs...)
	}
	var group errgroup.Group
	group.SetLimit(s.cfg.Publishers)
	for i, job := range jobs {
		group.Go(func() error {
			errs[i] = job()
			return nil
		})
	}
	_ = group.Wait() // the errors are in errs
	return errors.Join(errs...)
}

// byHolder sorts profiles by space, and within it by who holds them: a person whose identifiers had each a name of its own is read and told once.
func byHolder(profiles []owedProfile) []owedProfile {
	slices.SortFunc(profiles, func(a, b owedProfile) int {
		return cmp.Or(cmp.Compare(a.space, b.space), cmp.Compare(a.heldBy(), b.heldBy()))
	})
	return profiles
}

// heldBy is the pseudonym of the name that holds a profile now.
func (o owedProfile) heldBy() string {
	if o.holder.Value == "" || faults.scattered {
		return o.key.Value
	}
	return o.holder.Value
}
