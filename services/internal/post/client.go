// Package post sends batches of events to an ingestor and counts what it answers. It owns the retries: a busy, overloaded or absent
// ingestor is asked again with the pause it names; a refusal that would not change ends the work.
package post

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strconv"
	"time"
)

const (
	// BatchEvents bounds one request; the ingestor takes 1,000 events and 1 MiB.
	BatchEvents = 500
	// BatchBytes bounds it in bytes.
	BatchBytes = 768 << 10
	maxAnswer  = 4 << 20
	// maxPatience is how long one batch is tried against a server that is busy or away.
	maxPatience = 5 * time.Minute
)

// Outcome counts what the ingestor answered.
type Outcome struct {
	Accepted  int            `json:"accepted"`
	Duplicate int            `json:"duplicate"`
	Dropped   map[string]int `json:"dropped"`  // refused by consent, by reason
	Rejected  map[string]int `json:"rejected"` // by reason and field
}

// NewOutcome returns an empty Outcome.
func NewOutcome() Outcome { return Outcome{Dropped: map[string]int{}, Rejected: map[string]int{}} }

// Add adds another outcome.
func (o *Outcome) Add(x Outcome) {
	o.Accepted += x.Accepted
	o.Duplicate += x.Duplicate
	for k, n := range x.Dropped {
		o.Dropped[k] += n
	}
	for k, n := range x.Rejected {
		o.Rejected[k] += n
	}
}

// Refused is the number of rejected events.
func (o Outcome) Refused() int {
	n := 0
	for _, x := range o.Rejected {
		n += x
	}
	return n
}

// Client posts batches of events to one ingestor.
type Client struct {
	URL string // of the service, without path
	Key string
	// History sends through the history lane, which takes nothing more while much of it waits to be resolved: then the client waits as
	// long as it is told to, not five minutes.
	History bool
	HTTP    *http.Client                                     // nil: one that waits a minute for an answer
	Told    func(why string, pause time.Duration)            // before each repetition; may be nil
	Wait    func(ctx context.Context, d time.Duration) error // for tests; default: a timer
}

// defaultHTTP waits longer than an ingestor takes to give up itself.
var defaultHTTP = &http.Client{Timeout: time.Minute}

// answer is what an ingestor returns for a request: results, or what was wrong with all of it.
type answer struct {
	Results []result `json:"results"`
	Reason  string   `json:"reason"`
	Fix     string   `json:"fix"`
}

type result struct {
	Status string `json:"status"`
	Field  string `json:"field"`
	Reason string `json:"reason"`
	Retry  bool   `json:"retry"`
}

// errBusy is an answer worth another try.
type errBusy struct {
	status int
	after  time.Duration
}

// told reports whether the ingestor works, and asks to come back later.
func told(err error) bool {
	var busy *errBusy
	return errors.As(err, &busy) && busy.status == http.StatusTooManyRequests
}

func (e *errBusy) Error() string { return fmt.Sprintf("ingestor answered %d", e.status) }

// Post sends the events (one JSON text each) and counts the answers. It repeats while the ingestor is busy, away or failing, sends again
// the events that it asks for again, and halves a batch that is too large for it.
func (c *Client) Post(ctx context.Context, events [][]byte) (Outcome, error) {
	total := NewOutcome()
	var spent time.Duration
	for try := 0; ; try++ {
		out, again, err := c.once(ctx, events)
		var refused *refusal
		switch {
		case errors.As(err, &refused) && refused.status == http.StatusRequestEntityTooLarge && len(events) > 1:
			return c.halves(ctx, total, events)
		case err == nil && (len(again) == 0 || spent >= maxPatience):
			total.Add(out)
			return total, nil
		case err != nil && (ctx.Err() != nil || refused != nil || spent >= maxPatience):
			return total, err
		case err == nil:
			total.Add(out.without(again))
			if len(again) < len(events) {
				try = 0
			}
			events = pick(events, again)
		}
		pause := c.pause(try, err)
		spent += c.spends(pause, err)
		if err := c.wait(ctx, pause); err != nil {
			return total, err
		}
	}
}

// spends is what a pause takes of the patience.
func (c *Client) spends(pause time.Duration, err error) time.Duration {
	if c.History && told(err) {
		return 0
	}
	return pause
}

func (c *Client) halves(ctx context.Context, total Outcome, events [][]byte) (Outcome, error) {
	for _, part := range [][][]byte{events[:len(events)/2], events[len(events)/2:]} {
		out, err := c.Post(ctx, part)
		total.Add(out)
		if err != nil {
			return total, err
		}
	}
	return total, nil
}

// repeated is an event that the ingestor asks for again, and how its refusal was counted.
type repeated struct {
	at     int
	reason string
}

func pick(events [][]byte, again []repeated) [][]byte {
	out := make([][]byte, len(again))
	for i, a := range again {
		out[i] = events[a.at]
	}
	return out
}

// without takes back the refusals of events that are sent again.
func (o Outcome) without(again []repeated) Outcome {
	for _, a := range again {
		if o.Rejected[a.reason]--; o.Rejected[a.reason] == 0 {
			delete(o.Rejected, a.reason)
		}
	}
	return o
}

func (c *Client) pause(try int, err error) time.Duration {
	pause := min(250*time.Millisecond<<min(try, 7), 15*time.Second)
	var busy *errBusy
	if errors.As(err, &busy) && busy.after > 0 {
		pause = min(busy.after, time.Minute)
	}
	pause += time.Duration(rand.Int64N(int64(pause)/4 + 1)) //nolint:gosec // spreads clients, hides nothing
	if c.Told != nil {
		c.Told(why(err), pause)
	}
	return pause
}

func why(err error) string {
	var busy *errBusy
	switch {
	case err == nil:
		return "the ingestor asks for some events again"
	case errors.As(err, &busy):
		return busy.Error()
	}
	return "no answer from the ingestor"
}

func (c *Client) wait(ctx context.Context, d time.Duration) error {
	if c.Wait != nil {
		return c.Wait(ctx, d)
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}

// refusal is an answer that another try would not change.
type refusal struct {
	status int
	reason string
}

func (e *refusal) Error() string {
	return fmt.Sprintf("ingestor refused the request with %d: %s", e.status, e.reason)
}

func (c *Client) path() string {
	if c.History {
		return "/v1/events?lane=history"
	}
	return "/v1/events"
}

func (c *Client) once(ctx context.Context, events [][]byte) (Outcome, []repeated, error) {
	out := NewOutcome()
	body := append(bytes.Join(events, []byte("\n")), '\n')
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.URL+c.path(), bytes.NewReader(body))
	if err != nil {
		return out, nil, fmt.Errorf("making request: %w", err)
	}
	req.Header.Set("Content-Type", "application/x-ndjson")
	req.Header.Set("Authorization", "Bearer "+c.Key)
	client := cmp.Or(c.HTTP, defaultHTTP)
	res, err := client.Do(req)
	if err != nil {
		return out, nil, fmt.Errorf("posting events: %w", err)
	}
	defer func() { _ = res.Body.Close() }() // read to its limit
	raw, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	if err != nil {
		return out, nil, fmt.Errorf("reading answer: %w", err)
	}
	switch {
	case res.StatusCode == http.StatusTooManyRequests || res.StatusCode >= 500:
		seconds, _ := strconv.Atoi(res.Header.Get("Retry-After"))
		return out, nil, &errBusy{status: res.StatusCode, after: time.Duration(seconds) * time.Second}
	case res.StatusCode/100 != 2:
		return out, nil, &refusal{status: res.StatusCode, reason: hint(res.StatusCode, raw)}
	}
	return counted(raw, len(events))
}

func hint(status int, raw []byte) string {
	var a answer
	if json.Unmarshal(raw, &a) == nil && a.Reason != "" && status != http.StatusUnauthorized {
		return a.Reason + ": " + a.Fix
	}
	switch status {
	case http.StatusUnauthorized, http.StatusForbidden:
		return "the key is not of a source of this channel (--key, sources.yaml)"
	case http.StatusNotFound:
		return "no ingestor at this address (--url)"
	}
	return http.StatusText(status)
}

func counted(raw []byte, n int) (Outcome, []repeated, error) {
	out := NewOutcome()
	var a answer
	if err := json.Unmarshal(raw, &a); err != nil {
		return out, nil, &refusal{status: http.StatusOK, reason: "the answer is not the one of an ingestor"}
	}
	if len(a.Results) != n {
		return out, nil, &refusal{status: http.StatusOK, reason: fmt.Sprintf("%d results for %d events", len(a.Results), n)}
	}
	var again []repeated
	for i, r := range a.Results {
		switch r.Status {
		case "accepted":
			out.Accepted++
		case "duplicate":
			out.Duplicate++
		case "dropped":
			out.Dropped[r.Reason]++
		default:
			reason := r.Reason
			if r.Field != "" {
				reason += " " + r.Field
			}
			out.Rejected[reason]++
			if r.Retry {
				again = append(again, repeated{i, reason})
			}
		}
	}
	return out, again, nil
}
