package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"rcu/services/internal/demo"
)

const (
	probeEvery    = 50 * time.Millisecond
	probePoll     = 10 * time.Millisecond
	probeRows     = 100 * time.Millisecond
	probeDeadline = time.Minute
	probes        = 2000 // in a long load no more than these: each costs an answer of the API for every look at it
)

// spread is the distribution of one kind of delay, from the moment at which the event was sent.
type spread struct {
	Count int     `json:"count"`
	P50   float64 `json:"p50_ms"`
	P99   float64 `json:"p99_ms"`
	Max   float64 `json:"max_ms"`
}

func spreadOf(took []time.Duration) spread {
	if len(took) == 0 {
		return spread{}
	}
	slices.Sort(took)
	ms := func(d time.Duration) float64 { return float64(d.Microseconds()) / 1e3 }
	return spread{Count: len(took), P50: ms(took[len(took)/2]), P99: ms(took[min(len(took)-1, len(took)*99/100)]), Max: ms(took[len(took)-1])}
}

// delays are those of orders from sending to the answer, to the API and to ClickHouse.
type delays struct {
	Answer     spread `json:"answer"`
	Readable   spread `json:"readable"`
	ClickHouse spread `json:"clickhouse"`
}

// prober sends single orders of customers of its own and waits for each in the API and in ClickHouse.
type prober struct {
	stack *stack
	send  *sender
	api   string
	load  *demo.Load
	every time.Duration

	mu      sync.Mutex
	sentAt  map[string]time.Time // event id -> sending, until the row is there
	answers []time.Duration
	read    []time.Duration
	rows    []time.Duration
}

// probeFirst is the number of the first customer of single orders: no other load has them.
const probeFirst = 5_000_000

// newProber has customers of its own; each run needs a seed of its own.
func newProber(s *stack, send *sender, api string, seed uint64) *prober {
	load := demo.NewLoad(demo.LoadConfig{
		Seed: seed, First: probeFirst + int(seed)*100_000, People: 100_000, Skew: 1, Start: time.Now().Add(-time.Hour), Mix: demo.OrdersOnly(), //nolint:gosec // small
	})
	return &prober{stack: s, send: send, api: api, load: load, every: probeEvery, sentAt: map[string]time.Time{}}
}

// over spreads the orders over a time.
func (p *prober) over(lasts time.Duration) *prober {
	p.every = max(probeEvery, lasts/probes)
	return p
}

// run sends orders until ctx ends and waits for the last of them.
func (p *prober) run(ctx context.Context) (*delays, error) {
	all, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	g, work := errgroup.WithContext(all)
	watching := make(chan error, 1)
	go func() { watching <- p.watch(work) }()
	tick := time.NewTicker(p.every)
	defer tick.Stop()
	for ctx.Err() == nil && work.Err() == nil {
		e := p.load.Next()
		g.Go(func() error { return p.order(work, e) })
		select {
		case <-tick.C:
		case <-ctx.Done():
		}
	}
	limited, stop := context.WithTimeout(all, probeDeadline)
	defer stop()
	err := poll(limited, probeRows, func() (bool, error) {
		p.mu.Lock()
		defer p.mu.Unlock()
		return len(p.sentAt) == 0 || work.Err() != nil, nil
	})
	if err = errors.Join(g.Wait(), err); err != nil {
		return nil, fmt.Errorf("waiting for single orders: %w", err)
	}
	cancel()
	<-watching
	return &delays{Answer: spreadOf(p.answers), Readable: spreadOf(p.read), ClickHouse: spreadOf(p.rows)}, nil
}

// order sends one order and waits until the API shows it.
func (p *prober) order(ctx context.Context, e demo.Event) error {
	ctx, cancel := context.WithTimeout(ctx, probeDeadline)
	defer cancel()
	var envelope struct {
		Identifiers []struct{ Namespace, Value string }
	}
	if err := json.Unmarshal(e.JSON, &envelope); err != nil {
		return fmt.Errorf("reading an order of the load: %w", err)
	}
	var account, number string
	for _, id := range envelope.Identifiers {
		switch id.Namespace {
		case "customer":
			account = id.Value
		case "order":
			number = id.Value
		}
	}
	sentAt := time.Now()
	p.mu.Lock()
	p.sentAt[e.ID] = sentAt
	p.mu.Unlock()
	var n sent
	if err := p.send.one(ctx, &request{channel: e.Channel, source: e.Source, body: append(bytes.TrimSpace(e.JSON), '\n'), events: 1}, &n); err != nil {
		return err
	}
	answered := time.Since(sentAt)
	err := pollSlower(ctx, func() (bool, error) { return p.shows(ctx, account, number) })
	if err != nil {
		return fmt.Errorf("waiting for an order in the API: %w", err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.answers, p.read = append(p.answers, answered), append(p.read, time.Since(sentAt))
	return nil
}

// shows says whether the API tells the order among those of the account.
func (p *prober) shows(ctx context.Context, account, number string) (bool, error) {
	body := fmt.Appendf(nil, `{"identifier":{"namespace":"customer","value":%q},"purpose":"contract"}`, account)
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, p.api+"/v1/profiles/lookup", bytes.NewReader(body))
	if err != nil {
		return false, fmt.Errorf("looking up a customer: %w", err)
	}
	req.Header.Set("Authorization", "Bearer "+p.stack.readerKey)
	req.Header.Set("Content-Type", "application/json")
	resp, err := p.send.client.Do(req)
	if err != nil {
		return false, fmt.Errorf("looking up a customer: %w", err)
	}
	defer func() { _ = resp.Body.Close() }()
	raw, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode == http.StatusNotFound || resp.StatusCode == http.StatusServiceUnavailable {
		return false, err //nolint:wrapcheck // nil, or of a body that was cut: it is not there yet, or cannot be read now
	}
	if resp.StatusCode != http.StatusOK {
		return false, fmt.Errorf("looking up a customer: status %d", resp.StatusCode)
	}
	var answer struct {
		Orders []struct{ Number string }
	}
	if err := json.Unmarshal(raw, &answer); err != nil {
		return false, fmt.Errorf("reading an answer of the API: %w", err)
	}
	return slices.ContainsFunc(answer.Orders, func(o struct{ Number string }) bool { return o.Number == number }), nil
}

// watch asks ClickHouse which orders have come with their customer, until ctx ends.
func (p *prober) watch(ctx context.Context) error {
	return poll(ctx, probeRows, func() (bool, error) {
		p.mu.Lock()
		waiting := make([]string, 0, len(p.sentAt))
		for id := range p.sentAt {
			waiting = append(waiting, "'"+id+"'")
		}
		p.mu.Unlock()
		if len(waiting) == 0 {
			return false, nil
		}
		text, err := p.stack.ask(ctx, "SELECT event_id FROM orders WHERE rcu_id != '' AND event_id IN ("+strings.Join(waiting, ",")+")")
		if err != nil {
			return false, err
		}
		now := time.Now()
		p.mu.Lock()
		defer p.mu.Unlock()
		for id := range strings.FieldsSeq(text) {
			if at, there := p.sentAt[id]; there {
				p.rows = append(p.rows, now.Sub(at))
				delete(p.sentAt, id)
			}
		}
		return false, nil
	})
}
