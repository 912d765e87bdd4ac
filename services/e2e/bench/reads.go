package main

import (
	"context"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"rcu/pkg/embedded"
	"rcu/pkg/resolve"
)

// readers is the number of reads under way at once.
const readers = 4

// latency of one kind of read.
type latency struct {
	Reads int     `json:"reads"`
	P50   float64 `json:"p50_ms"`
	P99   float64 `json:"p99_ms"`
	Rate  float64 `json:"reads_per_second"`
	Bytes int64   `json:"bytes_per_answer"`
}

// readFigures compares a profile with one raw GET behind the same handler chain.
type readFigures struct {
	Readers int     `json:"readers"`
	Profile latency `json:"profile"`
	Raw     latency `json:"raw_get"`
}

// reads starts the raw handler beside what stands, and reads the people of random purchases and contacts: who buys often is
// read often.
func reads(ctx context.Context, s *stack, api string) (*readFigures, error) {
	text, err := s.ask(ctx, "SELECT rcu_id, hex(leaf) FROM events WHERE rcu_id != '' AND NOT behaviour ORDER BY cityHash64(event_id) LIMIT "+strconv.Itoa(s.o.reads))
	if err != nil {
		return nil, err
	}
	rawPort, err := embedded.FreePort(ctx)
	if err != nil {
		return nil, err
	}
	if err := s.child("raw", "raw", s.redis.Addr(), "127.0.0.1:"+strconv.Itoa(rawPort)); err != nil {
		return nil, err
	}
	if err := s.allReady(ctx); err != nil {
		return nil, err
	}
	var profiles, raws []string
	for line := range strings.Lines(text) {
		f := strings.Split(strings.TrimSpace(line), "\t")
		profiles = append(profiles, fmt.Sprintf("%s/v1/profiles/%s?purpose=contract", api, f[0]))
		leaf, err := hex.DecodeString(f[1])
		if err != nil {
			return nil, fmt.Errorf("reading the key of a leaf: %w", err)
		}
		raws = append(raws, fmt.Sprintf("http://127.0.0.1:%d/v1/raw/%s", rawPort, resolve.LeafCell("", "", leaf)))
	}
	out := &readFigures{Readers: readers}
	c := readClient()
	if err := poll(ctx, 50*time.Millisecond, func() (bool, error) { _, err := s.readOne(ctx, c, raws[0]); return err == nil, nil }); err != nil {
		return nil, fmt.Errorf("waiting for the raw handler: %w", err)
	}
	for _, x := range []struct {
		urls []string
		into *latency
	}{{raws, &out.Raw}, {profiles, &out.Profile}} {
		if _, err := s.readAll(ctx, c, x.urls[:min(len(x.urls), 200)]); err != nil { // connections and caches
			return nil, err
		}
		if *x.into, err = s.readAll(ctx, c, x.urls); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func readClient() *http.Client {
	return &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: readers, DisableCompression: true}}
}

func (s *stack) readAll(ctx context.Context, c *http.Client, urls []string) (latency, error) {
	took := make([]time.Duration, len(urls))
	var next, bytes atomic.Int64
	started := time.Now()
	g, ctx := errgroup.WithContext(ctx)
	for range readers {
		g.Go(func() error {
			for {
				i := int(next.Add(1)) - 1
				if i >= len(urls) {
					return nil
				}
				at := time.Now()
				n, err := s.readOne(ctx, c, urls[i])
				if err != nil {
					return err
				}
				took[i] = time.Since(at)
				bytes.Add(n)
			}
		})
	}
	if err := g.Wait(); err != nil {
		return latency{}, err //nolint:wrapcheck // of ours
	}
	all := time.Since(started)
	slices.Sort(took)
	ms := func(d time.Duration) float64 { return float64(d.Microseconds()) / 1e3 }
	return latency{
		Reads: len(urls), P50: ms(took[len(took)/2]), P99: ms(took[len(took)*99/100]), Rate: float64(len(urls)) / all.Seconds(),
		Bytes: bytes.Load() / int64(len(urls)),
	}, nil
}

func (s *stack) readOne(ctx context.Context, c *http.Client, url string) (int64, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return 0, fmt.Errorf("reading a profile: %w", err)
	}
	req.Header.Set("Authorization", "Bearer "+s.readerKey)
	resp, err := c.Do(req)
	if err != nil {
		return 0, fmt.Errorf("reading a profile: %w", err)
	}
	defer func() { _ = resp.Body.Close() }()
	n, err := io.Copy(io.Discard, resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		return 0, fmt.Errorf("reading %s: status %d", req.URL.Path, resp.StatusCode)
	}
	return n, nil
}
