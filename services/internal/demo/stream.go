package demo

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"rcu/services/internal/post"
)

// Counts is the progress of a stream.
type Counts struct {
	Sent     int
	Outcome  post.Outcome
	Channels map[string]int
}

// StreamConfig says where the events go.
type StreamConfig struct {
	URLs     map[string]string                     // channel -> address of its ingestor, without path
	Keys     map[string]string                     // source -> key
	Batch    int                                   // events a request; default 200
	Rate     float64                               // events a second; 0 = as fast as taken
	HTTP     *http.Client                          // nil: that of post.Client
	Progress func(Counts)                          // told after each request; calls do not overlap
	Waiting  func(why string, pause time.Duration) // told before a request is repeated; calls may overlap
}

// LocalURLs are the ports of a machine that runs everything.
func LocalURLs(host string) map[string]string {
	return map[string]string{Store: "http://" + host + ":8081", Web: "http://" + host + ":8082", Mobile: "http://" + host + ":8083", CallCentre: "http://" + host + ":8084"}
}

// Stream posts events, each batch to the port of its channel under the key of its source, until next has no more or the context ends.
// The order is kept within a source; requests of different sources overlap.
func Stream(ctx context.Context, cfg StreamConfig, next func() (Event, bool)) (Counts, error) {
	s := newStreamer(cfg)
	err := s.run(ctx, next)
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.counts, err
}

// Replay posts a whole history: the decisions about consent first, then, after they settled, the rest in the order of sending.
// A decision carries its own time, so this changes no answer; without it, browsing would overtake the grant that it needs.
func Replay(ctx context.Context, cfg StreamConfig, history Config, settle time.Duration) (Counts, error) {
	var all Counts
	s := newStreamer(cfg)
	for _, consents := range []bool{true, false} {
		g, err := New(history)
		if err != nil {
			return all, err
		}
		next := func() (Event, bool) {
			for e, ok := g.Next(); ok; e, ok = g.Next() {
				if (e.Type == consentDecided) == consents {
					return e, true
				}
			}
			return Event{}, false
		}
		if err := s.run(ctx, next); err != nil {
			return s.counts, err
		}
		if consents {
			if err := pause(ctx, settle); err != nil {
				return s.counts, err
			}
		}
	}
	return s.counts, nil
}

const consentDecided = "consent.decided"

type streamer struct {
	cfg    StreamConfig
	mu     sync.Mutex
	counts Counts
}

func newStreamer(cfg StreamConfig) *streamer {
	if cfg.Batch <= 0 || cfg.Batch > post.BatchEvents {
		cfg.Batch = 200
	}
	if cfg.Progress == nil {
		cfg.Progress = func(Counts) {}
	}
	return &streamer{cfg: cfg, counts: Counts{Outcome: post.NewOutcome(), Channels: map[string]int{}}}
}

type bundle struct {
	channel string
	events  [][]byte
}

// run feeds one worker per source; each has one request under way.
func (s *streamer) run(ctx context.Context, next func() (Event, bool)) error {
	g, ctx := errgroup.WithContext(ctx)
	lanes, open := map[string]chan bundle{}, map[string]*bundle{}
	hand := func(source string, b *bundle) error {
		lane, ok := lanes[source]
		if !ok {
			lane = make(chan bundle, 1)
			lanes[source] = lane
			g.Go(func() error { return s.lane(ctx, source, lane) })
		}
		select {
		case lane <- bundle{b.channel, b.events}:
			b.events = nil
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	g.Go(func() error {
		defer func() {
			for _, lane := range lanes {
				close(lane)
			}
		}()
		return s.feed(ctx, next, open, hand)
	})
	return g.Wait()
}

func (s *streamer) feed(ctx context.Context, next func() (Event, bool), open map[string]*bundle, hand func(string, *bundle) error) error {
	started, n := time.Now(), 0
	for e, ok := next(); ok; e, ok = next() {
		b := open[e.Source]
		if b == nil {
			b = &bundle{channel: e.Channel}
			open[e.Source] = b
		}
		b.events = append(b.events, e.JSON)
		if n++; s.cfg.Rate > 0 {
			due := started.Add(time.Duration(float64(n) / s.cfg.Rate * float64(time.Second)))
			if wait := time.Until(due); wait > 0 {
				if err := flushAll(open, hand); err != nil {
					return err
				}
				if err := pause(ctx, wait); err != nil {
					return err
				}
			}
		}
		if len(b.events) >= s.cfg.Batch {
			if err := hand(e.Source, b); err != nil {
				return err
			}
		}
		if err := ctx.Err(); err != nil {
			return err
		}
	}
	return flushAll(open, hand)
}

func flushAll(open map[string]*bundle, hand func(string, *bundle) error) error {
	for source, b := range open {
		if len(b.events) == 0 {
			continue
		}
		if err := hand(source, b); err != nil {
			return err
		}
	}
	return nil
}

func (s *streamer) lane(ctx context.Context, source string, in <-chan bundle) error {
	for b := range in {
		client := post.Client{URL: s.cfg.URLs[b.channel], Key: s.cfg.Keys[source], HTTP: s.cfg.HTTP, Told: s.cfg.Waiting}
		out, err := client.Post(ctx, b.events)
		if err != nil {
			return fmt.Errorf("streaming to channel %s: %w", b.channel, err)
		}
		s.count(b, out)
	}
	return nil
}

func (s *streamer) count(b bundle, out post.Outcome) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.counts.Sent += len(b.events)
	s.counts.Channels[b.channel] += len(b.events)
	s.counts.Outcome.Add(out)
	s.cfg.Progress(s.counts)
}

func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}
