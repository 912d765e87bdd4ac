package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"
)

// sender posts requests over kept connections.
type sender struct {
	urls    map[string]string // channel -> address
	keys    map[string]string // source -> key
	workers int
	client  *http.Client
}

func newSender(urls, keys map[string]string, workers int) *sender {
	return &sender{urls: urls, keys: keys, workers: workers, client: &http.Client{
		Timeout: 30 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: workers, DisableCompression: true},
	}}
}

// sent counts what became of events.
type sent struct{ accepted, dropped, retries atomic.Int64 }

// all posts requests, several at once, each until it was taken. A rejected event is an error: the load holds none.
func (s *sender) all(ctx context.Context, requests []request) (*sent, error) {
	var n sent
	return &n, s.into(ctx, requests, &n)
}

// into is all, counted into n.
func (s *sender) into(ctx context.Context, requests []request, n *sent) error {
	var next atomic.Int64
	g, ctx := errgroup.WithContext(ctx)
	for range s.workers {
		g.Go(func() error {
			for {
				i := int(next.Add(1)) - 1
				if i >= len(requests) {
					return nil
				}
				if err := s.one(ctx, &requests[i], n); err != nil {
					return err
				}
			}
		})
	}
	return g.Wait() //nolint:wrapcheck // of ours
}

func (s *sender) one(ctx context.Context, r *request, n *sent) error {
	for {
		a, status, err := s.post(ctx, r)
		if err != nil {
			return err
		}
		if status == http.StatusOK {
			n.accepted.Add(a.Accepted)
			n.dropped.Add(a.Dropped)
			if a.Rejected == 0 {
				return nil
			}
			if r, err = a.again(r); err != nil {
				return err
			}
		} else if status != http.StatusTooManyRequests && status != http.StatusServiceUnavailable {
			return fmt.Errorf("posting to channel %s: status %d", r.channel, status)
		}
		n.retries.Add(1)
		select {
		case <-time.After(20 * time.Millisecond):
		case <-ctx.Done():
			return fmt.Errorf("posting to channel %s: %w", r.channel, ctx.Err())
		}
	}
}

// answer of an ingestor; results are read only where events were rejected.
type answer struct {
	Accepted int64 `json:"accepted"`
	Rejected int64 `json:"rejected"`
	Dropped  int64 `json:"dropped"`
	Results  []struct {
		Index  int    `json:"index"`
		Status string `json:"status"`
		Reason string `json:"reason"`
		Retry  bool   `json:"retry"`
	} `json:"results"`
}

// again is a request of the events that are to be sent again: what could not be judged while Redis was slow. The load holds no bad
// event, so any other rejection is an error.
func (a *answer) again(r *request) (*request, error) {
	lines := bytes.SplitAfter(r.body, []byte("\n"))
	out := &request{channel: r.channel, source: r.source}
	for _, x := range a.Results {
		if x.Status != "rejected" {
			continue
		}
		if !x.Retry || x.Index >= len(lines) {
			return nil, fmt.Errorf("posting to channel %s: an event was rejected: %s", r.channel, x.Reason)
		}
		out.body = append(out.body, lines[x.Index]...)
		out.events++
	}
	return out, nil
}

func (s *sender) post(ctx context.Context, r *request) (a answer, status int, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.urls[r.channel]+"/v1/events", bytes.NewReader(r.body))
	if err != nil {
		return a, 0, fmt.Errorf("posting events: %w", err)
	}
	req.Header.Set("Authorization", "Bearer "+s.keys[r.source])
	req.Header.Set("Content-Type", "application/x-ndjson")
	resp, err := s.client.Do(req)
	if err != nil {
		return a, 0, fmt.Errorf("posting events: %w", err)
	}
	defer func() { _ = resp.Body.Close() }()
	raw, err := io.ReadAll(io.LimitReader(resp.Body, 4<<20))
	if err != nil {
		return a, 0, fmt.Errorf("reading an answer: %w", err)
	}
	if resp.StatusCode != http.StatusOK {
		return a, resp.StatusCode, nil
	}
	counts, _, found := bytes.Cut(raw, []byte(`,"results"`))
	if found {
		counts = append(counts[:len(counts):len(counts)], '}')
	}
	if err = json.Unmarshal(counts, &a); err == nil && a.Rejected > 0 {
		err = json.Unmarshal(raw, &a)
	}
	if err != nil {
		return a, 0, fmt.Errorf("reading an answer: %w", err)
	}
	return a, resp.StatusCode, nil
}
