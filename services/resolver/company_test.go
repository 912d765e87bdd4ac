package resolver

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rcu/pkg/stream"
)

// hall is a company whose runs a test ends.
type hall struct {
	*company

	began chan []int // partitions of each run
	end   chan error
}

func newHall(most int) *hall {
	h := &hall{began: make(chan []int, 10), end: make(chan error)}
	h.company = &company{most: most, records: 10, run: func(_ context.Context, parts []*part) error {
		var of []int
		for _, p := range parts {
			of = append(of, p.batch.Partition)
		}
		h.began <- of
		return <-h.end
	}}
	return h
}

// come has a batch of some records of a partition come, and waits until it has its place.
func (h *hall) come(t *testing.T, ctx context.Context, partition, records int) <-chan error { //nolint:revive // the test's own context is another one
	t.Helper()
	before := h.place()
	err := make(chan error, 1)
	go func() {
		err <- h.do(ctx, &part{batch: stream.Batch{Partition: partition, Records: make([]stream.Record, records)}})
	}()
	require.Eventually(t, func() bool { return h.place() > before }, 10*time.Second, time.Millisecond)
	return err
}

func (h *hall) place() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.running + len(h.waiting)
}

// TestCompany_comesTogether: what comes while a run is under way goes together when it ends, up to as many records as a batch has.
func TestCompany_comesTogether(t *testing.T) {
	h := newHall(1)
	var ends []<-chan error
	for i, records := range []int{1, 4, 6, 1, 30, 2} {
		ends = append(ends, h.come(t, t.Context(), i, records))
	}
	for _, want := range [][]int{{0}, {1, 2}, {3}, {4}, {5}} {
		require.Equal(t, want, <-h.began)
		h.end <- nil
	}
	for _, end := range ends {
		require.NoError(t, <-end)
	}
	require.Zero(t, h.place())
}

func TestCompany_runsAtOnce(t *testing.T) {
	h := newHall(2)
	for i := range 3 {
		h.come(t, t.Context(), i, 1)
	}
	first, second := <-h.began, <-h.began
	require.ElementsMatch(t, []int{0, 1}, append(first, second...))
	select {
	case <-h.began:
		t.Fatal("a third run")
	case <-time.After(20 * time.Millisecond):
	}
	for range 3 {
		h.end <- nil
	}
	require.Equal(t, []int{2}, <-h.began)
}

// TestCompany_oneHoldsUpNoOther: where a run of several fails, each is resolved alone, and fails alone.
func TestCompany_oneHoldsUpNoOther(t *testing.T) {
	var alone atomic.Int64
	first, errBroken := make(chan struct{}), errors.New("broken")
	c := &company{most: 1, records: 10}
	c.run = func(_ context.Context, parts []*part) error {
		if parts[0].batch.Partition == 0 {
			<-first
			return nil
		}
		for _, p := range parts {
			p.invalid = append(p.invalid, 7)
			if p.batch.Partition == 2 {
				return errBroken
			}
		}
		require.Len(t, parts, 1)
		require.Equal(t, []int64{7}, parts[0].invalid, "what the first run said of it is forgotten")
		alone.Add(1)
		return nil
	}
	h := &hall{company: c}
	var ends []<-chan error
	for i := range 4 {
		ends = append(ends, h.come(t, t.Context(), i, 1))
	}
	close(first)
	for i, end := range ends {
		if err := <-end; i == 2 {
			require.ErrorIs(t, err, errBroken)
		} else {
			require.NoError(t, err)
		}
	}
	require.EqualValues(t, 2, alone.Load())
}

// TestCompany_panics: who waits for a run that panics is resolved alone, and the next run begins.
func TestCompany_panics(t *testing.T) {
	first := make(chan struct{})
	c := &company{most: 1, records: 10}
	c.run = func(_ context.Context, parts []*part) error {
		<-first
		if parts[0].batch.Partition == 1 {
			panic("broken")
		}
		return nil
	}
	h := &hall{company: c}
	zero := h.come(t, t.Context(), 0, 1)
	panicked := make(chan any, 1)
	go func() {
		defer func() { panicked <- recover() }()
		_ = h.do(t.Context(), &part{batch: stream.Batch{Partition: 1}})
	}()
	require.Eventually(t, func() bool { return h.place() == 2 }, 10*time.Second, time.Millisecond)
	two := h.come(t, t.Context(), 2, 1)
	close(first)
	require.NoError(t, <-zero)
	require.NoError(t, <-two)
	require.NotNil(t, <-panicked)
	require.NoError(t, h.do(t.Context(), &part{batch: stream.Batch{Partition: 3}}))
	require.Eventually(t, func() bool { return h.place() == 0 }, 10*time.Second, time.Millisecond)
}

// TestCompany_leaves: a batch whose partition was taken away does not wait for a run.
func TestCompany_leaves(t *testing.T) {
	h := newHall(1)
	first := h.come(t, t.Context(), 0, 1)
	ctx, cancel := context.WithCancel(t.Context())
	second := h.come(t, ctx, 1, 1)
	third := h.come(t, t.Context(), 2, 1)
	cancel()
	require.ErrorIs(t, <-second, context.Canceled)
	require.Equal(t, []int{0}, <-h.began)
	h.end <- nil
	require.Equal(t, []int{2}, <-h.began)
	h.end <- nil
	require.NoError(t, <-first)
	require.NoError(t, <-third)
}
