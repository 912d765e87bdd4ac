package load

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"rcu/services/internal/demo"
)

// Config of a sender.
type Config struct {
	URLs    map[string]string // channel -> address of its ingestor
	Keys    map[string]string // source -> bearer key
	Workers int               // batches under way at once; default 8
	Batch   int               // events of a batch; default 20
	Rate    float64           // events a second, as long as the answers keep up; default 300
	Seed    uint64
	// Impatient is the share of requests that the client gives up before the answer, and sends again. Default: none.
	Impatient float64
}

// retryPause is how long a source waits before it sends again.
const retryPause = 60 * time.Millisecond

// Sender posts events until each has its 200.
type Sender struct {
	cfg     Config
	ledger  *Ledger
	client  *http.Client
	retries atomic.Int64
}

// NewSender sends for a ledger.
func NewSender(cfg Config, l *Ledger) *Sender {
	if cfg.Workers == 0 {
		cfg.Workers = 8
	}
	if cfg.Batch == 0 {
		cfg.Batch = 20
	}
	if cfg.Rate == 0 {
		cfg.Rate = 300
	}
	transport := &http.Transport{MaxIdleConnsPerHost: cfg.Workers, DisableCompression: true}
	return &Sender{cfg: cfg, ledger: l, client: &http.Client{Timeout: 30 * time.Second, Transport: transport}}
}

// Retries is how many requests were sent again.
func (s *Sender) Retries() int64 { return s.retries.Load() }

// All sends events as fast as they are taken.
func (s *Sender) All(ctx context.Context, events []demo.Event) error {
	i := 0
	return s.send(ctx, func() (demo.Event, bool) {
		if i == len(events) {
			return demo.Event{}, false
		}
		i++
		return events[i-1], true
	})
}

// Run sends the events of a source at the rate of the sender until stop is closed, and returns when everything has its 200.
func (s *Sender) Run(ctx context.Context, from *Source, stop <-chan struct{}) error {
	began, n := time.Now(), 0
	return s.send(ctx, func() (demo.Event, bool) {
		due := began.Add(time.Duration(float64(n) / s.cfg.Rate * float64(time.Second)))
		if late := time.Since(due); late > time.Second {
			began = began.Add(late) // what was not taken while a server was down is not sent in one heap
		} else if late < 0 {
			select {
			case <-time.After(-late):
			case <-stop:
				return demo.Event{}, false
			}
		}
		select {
		case <-stop:
			return demo.Event{}, false
		default:
		}
		n++
		return from.Next(), true
	})
}

// send packs events by source and posts full batches, at the end what is left.
func (s *Sender) send(ctx context.Context, next func() (demo.Event, bool)) error {
	g, ctx := errgroup.WithContext(ctx)
	batches := make(chan []demo.Event)
	g.Go(func() error {
		defer close(batches)
		return s.pack(ctx, next, batches)
	})
	for w := range s.cfg.Workers {
		r := rand.New(rand.NewPCG(s.cfg.Seed, uint64(w)))
		g.Go(func() error {
			for b := range batches {
				if err := s.post(ctx, r, b); err != nil {
					return err
				}
			}
			return nil
		})
	}
	return g.Wait() //nolint:wrapcheck // of ours
}

func (s *Sender) pack(ctx context.Context, next func() (demo.Event, bool), batches chan<- []demo.Event) error {
	open := map[string][]demo.Event{}
	var order []string
	give := func(b []demo.Event) error {
		select {
		case batches <- b:
			return nil
		case <-ctx.Done():
			return ctx.Err() //nolint:wrapcheck // of the worker that failed
		}
	}
	for e, ok := next(); ok; e, ok = next() {
		if open[e.Source] == nil {
			order = append(order, e.Source)
		}
		open[e.Source] = append(open[e.Source], e)
		if b := open[e.Source]; len(b) == s.cfg.Batch {
			open[e.Source] = make([]demo.Event, 0, s.cfg.Batch)
			if err := give(b); err != nil {
				return err
			}
		}
	}
	for _, source := range order {
		if b := open[source]; len(b) > 0 {
			if err := give(b); err != nil {
				return err
			}
		}
	}
	return nil
}

// post sends a batch until every event of it was accepted, or dropped by consent.
func (s *Sender) post(ctx context.Context, r *rand.Rand, events []demo.Event) error {
	for len(events) > 0 {
		s.ledger.sent(events)
		left, err := s.once(ctx, r, events)
		var wrong *refusedError
		if errors.As(err, &wrong) {
			return err
		}
		if err == nil && len(left) == 0 {
			return nil
		}
		if err == nil {
			events = left
		}
		s.retries.Add(1)
		pause(ctx, retryPause+time.Duration(r.Int64N(int64(retryPause))))
		if ctx.Err() != nil {
			return fmt.Errorf("sending events: %w", ctx.Err())
		}
	}
	return nil
}

func pause(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}

// refusedError is an answer that another try would not change: the generator made something wrong.
type refusedError struct{ what string }

func (e *refusedError) Error() string {
	return "an ingestor refuses what the generator made: " + e.what
}

type answer struct {
	Results []struct {
		ID     string `json:"id"`
		Status string `json:"status"`
		Reason string `json:"reason"`
		Retry  bool   `json:"retry"`
		Held   bool   `json:"held"`
	} `json:"results"`
}

// once posts and returns the events that are to be sent again.
func (s *Sender) once(ctx context.Context, r *rand.Rand, events []demo.Event) (left []demo.Event, err error) {
	if s.cfg.Impatient > 0 && r.Float64() < s.cfg.Impatient {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, time.Duration(1+r.IntN(8))*time.Millisecond)
		defer cancel()
	}
	var body bytes.Buffer
	for i := range events {
		body.Write(bytes.TrimSpace(events[i].JSON))
		body.WriteByte('\n')
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.cfg.URLs[events[0].Channel]+"/v1/events", &body)
	if err != nil {
		return nil, fmt.Errorf("posting events: %w", err)
	}
	req.Header.Set("Authorization", "Bearer "+s.cfg.Keys[events[0].Source])
	req.Header.Set("Content-Type", "application/x-ndjson")
	resp, err := s.client.Do(req)
	if err != nil {
		return nil, fmt.Errorf("posting events: %w", err)
	}
	defer func() { _ = resp.Body.Close() }()
	raw, err := io.ReadAll(io.LimitReader(resp.Body, 4<<20))
	if err != nil {
		return nil, fmt.Errorf("reading an answer: %w", err)
	}
	switch {
	case resp.StatusCode == http.StatusTooManyRequests || resp.StatusCode >= http.StatusInternalServerError:
		return nil, fmt.Errorf("posting events: %w", errors.New(resp.Status))
	case resp.StatusCode != http.StatusOK:
		return nil, &refusedError{resp.Status + " " + string(raw[:min(len(raw), 300)])}
	}
	return s.read(raw, events)
}

// read takes the results of an answer down.
func (s *Sender) read(raw []byte, events []demo.Event) (left []demo.Event, err error) {
	var a answer
	if err := json.Unmarshal(raw, &a); err != nil || len(a.Results) != len(events) {
		return nil, &refusedError{"the answer is none: " + string(raw[:min(len(raw), 300)])}
	}
	for i, x := range a.Results {
		switch {
		case x.Status == "accepted", x.Status == "dropped":
			s.ledger.answered(&events[i], x.Status == "accepted", x.Held)
		case x.Retry:
			left = append(left, events[i])
		default:
			return nil, &refusedError{events[i].Type + " " + x.Reason}
		}
	}
	return left, nil
}
