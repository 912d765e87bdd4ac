package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"rcu/pkg/identifier"
	"rcu/pkg/match"
	"rcu/pkg/vault"
	"rcu/services/e2e/resp"
	"rcu/services/internal/demo"
	"rcu/services/steward"
)

const (
	// queuePoll is how often the queue is asked for while calls wait for their suggestion.
	queuePoll = 5 * time.Millisecond
	// pageOfQueue is how much of it: what is most probable comes first.
	pageOfQueue = 20
	// memoryEvery is how often memory is looked at.
	memoryEvery = 5 * time.Second
	// pageSize is the unit of resident memory in /proc.
	pageSize = 4096
)

// caller lets people call whom the index holds, and watches the stewards' queue for them. A suggestion that was seen is taken off, so that the
// queue stays short.
type caller struct {
	*meter
	crowd   *demo.Crowd
	ring    *vault.Keyring
	index   match.Index
	steward string // address
	matcher *process

	mu       sync.Mutex
	waiting  map[string]time.Time // name of a person who called -> when the event was answered
	answered []time.Duration
	readable []time.Duration
	pages    []time.Duration
}

// newCaller starts matcher and steward.
func newCaller(ctx context.Context, m *meter, f *filler) (_ *caller, err error) {
	c := &caller{meter: m, crowd: f.crowd, ring: f.ring, index: f.index, waiting: map[string]time.Time{}}
	if c.matcher, err = m.stack.service(ctx, "matcher", "matcher", 0); err != nil {
		return nil, err
	}
	port, err := freePort(ctx)
	if err != nil {
		return nil, err
	}
	if _, err := m.stack.service(ctx, "steward", "steward", port); err != nil {
		return nil, err
	}
	c.steward = "http://127.0.0.1:" + strconv.Itoa(port)
	return c, m.stack.allReady(ctx)
}

// run lets people call, so many a second, and waits for the last suggestion.
func (c *caller) run(ctx context.Context, rate, seconds int) error {
	all, cancel := context.WithTimeout(ctx, time.Duration(seconds)*time.Second+probeDeadline)
	defer cancel()
	g, work := errgroup.WithContext(all)
	calls := rate * seconds
	done := make(chan struct{})
	g.Go(func() error {
		defer close(done)
		var each errgroup.Group
		onceIn(work, time.Second/time.Duration(rate), calls, func(n int) { each.Go(func() error { return c.call(work, n) }) })
		return each.Wait() //nolint:wrapcheck // of ours
	})
	g.Go(func() error { return c.watch(work, done) })
	return g.Wait() //nolint:wrapcheck // of ours
}

// call is one person's, who is in the index under a card and gives another phone.
func (c *caller) call(ctx context.Context, n int) error {
	phone := fmt.Sprintf("+3367%07d", n)
	traits, err := json.Marshal(c.crowd.Mistyped(n))
	if err != nil {
		return fmt.Errorf("making a call: %w", err)
	}
	rest := ids("phone", phone) + fmt.Sprintf(`,"traits":%s,"data":{"duration_seconds":60,"outcome":"answered"}`, traits)
	body := envelope(fmt.Sprintf("suggest-%d", n), "call.ended", time.Now(), strings.ReplaceAll(rest, `,"proved":true`, ""))
	began := time.Now()
	var s sent
	if err := c.send.one(ctx, &request{channel: demo.CallCentre, source: "desk-fr", body: body, events: 1}, &s); err != nil {
		return fmt.Errorf("calling: %w", err)
	}
	now := time.Now()
	name := c.ring.Name(demo.Space, c.ring.Pseudonym(demo.Space, identifier.Phone, phone))
	c.mu.Lock()
	defer c.mu.Unlock()
	c.answered = append(c.answered, now.Sub(began))
	c.waiting[name] = now
	return nil
}

// watch asks for the queue while anybody waits, until all have called and been found.
func (c *caller) watch(ctx context.Context, called <-chan struct{}) error {
	err := poll(ctx, queuePoll, func() (bool, error) {
		c.mu.Lock()
		waits := len(c.waiting)
		c.mu.Unlock()
		if waits == 0 {
			select {
			case <-called:
				return true, nil
			default:
				return false, nil
			}
		}
		began := time.Now()
		var page steward.Review
		if err := c.queue(ctx, &page); err != nil {
			return false, err
		}
		people := c.found(&page, time.Since(began))
		if len(people) == 0 {
			return false, nil
		}
		return false, c.takeOff(ctx, people)
	})
	if err != nil {
		return fmt.Errorf("waiting for suggestions, %d are missing: %w", len(c.waiting), err)
	}
	return nil
}

// found takes note of those on a page who wait, and returns their names.
func (c *caller) found(page *steward.Review, took time.Duration) map[string]bool {
	now, people := time.Now(), map[string]bool{}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.pages = append(c.pages, took)
	for _, item := range page.Items {
		for _, who := range item.People {
			if at, waits := c.waiting[who.RCUID]; waits {
				c.readable = append(c.readable, now.Sub(at))
				delete(c.waiting, who.RCUID)
				people[who.RCUID] = true
			}
		}
	}
	return people
}

// takeOff takes the suggestions of people off the queue.
func (c *caller) takeOff(ctx context.Context, people map[string]bool) error {
	list, _, err := c.index.Suggestions(ctx, demo.Space, "", pageOfQueue)
	if err != nil {
		return err //nolint:wrapcheck // says all
	}
	var found []string
	for _, x := range list {
		if people[c.nameOf(x.A)] || people[c.nameOf(x.B)] {
			found = append(found, x.ID)
		}
	}
	return c.index.RemoveSuggestions(ctx, demo.Space, found) //nolint:wrapcheck // says all
}

func (c *caller) nameOf(x match.Identifier) string {
	p, err := identifier.Key{Namespace: identifier.Namespace(x.Namespace), Value: string(x.Pseudonym)}.Pseudonym()
	if err != nil {
		return ""
	}
	return c.ring.Name(demo.Space, p)
}

// queue asks the steward's service for the most probable suggestions.
func (c *caller) queue(ctx context.Context, into *steward.Review) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, c.steward+"/v1/review?kind=probable&limit="+strconv.Itoa(pageOfQueue), http.NoBody)
	if err != nil {
		return fmt.Errorf("asking the steward's service: %w", err)
	}
	req.Header.Set("Authorization", "Bearer "+c.stack.stewardKey)
	answer, err := c.send.client.Do(req)
	if err != nil {
		return fmt.Errorf("asking the steward's service: %w", err)
	}
	defer func() { _ = answer.Body.Close() }()
	raw, err := io.ReadAll(answer.Body)
	if err == nil && answer.StatusCode != http.StatusOK {
		err = errors.New(answer.Status)
	}
	if err == nil {
		err = json.Unmarshal(raw, into)
	}
	if err != nil {
		return fmt.Errorf("asking the steward's service: %w", err)
	}
	return nil
}

// sample takes the memory of matcher and Redis until ctx ends.
func (c *caller) sample(ctx context.Context, r *suggestions) error {
	conn, err := resp.Dial(ctx, c.stack.redis.Addr())
	if err != nil {
		return err //nolint:wrapcheck // says all
	}
	defer conn.Close()
	began := time.Now()
	tick := time.NewTicker(memoryEvery)
	defer tick.Stop()
	for {
		x := memoryAfter{Second: int(time.Since(began).Seconds())}
		if x.Redis, err = conn.UsedMemory(); err != nil {
			return err //nolint:wrapcheck // says all
		}
		if x.Matcher, err = residentMemory(c.matcher.cmd.Process.Pid); err != nil {
			return err
		}
		r.Memory = append(r.Memory, x)
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// residentMemory is what a process holds in memory now.
func residentMemory(pid int) (int64, error) {
	raw, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/statm")
	if err != nil {
		return 0, fmt.Errorf("reading the memory of a process: %w", err)
	}
	fields := strings.Fields(string(raw))
	if len(fields) < 2 {
		return 0, errors.New("reading the memory of a process: the line is too short")
	}
	n, err := strconv.ParseInt(fields[1], 10, 64)
	if err != nil {
		return 0, fmt.Errorf("reading the memory of a process: %w", err)
	}
	return n * pageSize, nil
}
