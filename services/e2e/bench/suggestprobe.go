package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"rcu/pkg/embedded"
	"rcu/pkg/identifier"
	"rcu/pkg/match"
	"rcu/pkg/vault"
	"rcu/services/internal/demo"
	"rcu/services/steward"
)

const (
	// queuePoll is how often the queue is asked for while calls wait for their suggestion.
	queuePoll = 20 * time.Millisecond
	// foundPoll is how often Redis is asked for new suggestions: it says when one was put on the queue, whoever asks for it.
	foundPoll = 2 * time.Millisecond
	// lastPatience is how long is waited for the last suggestions.
	lastPatience = 5 * time.Second
	// pageOfQueue is how much of it: what is most probable comes first.
	pageOfQueue = 20
	// memoryEvery is how often memory is looked at.
	memoryEvery = 5 * time.Second
	// pageSize is the unit of resident memory in /proc.
	pageSize = 4096
)

// caller lets people call whom the index holds, and watches the stewards' queue for them. A suggestion that was seen is taken off, and so is any
// other, so that the queue stays short.
type caller struct {
	*meter
	crowd   *demo.Crowd
	ring    *vault.Keyring
	index   match.Index
	steward string // address
	matcher *process

	mu    sync.Mutex
	calls map[string]*called // by the name of who called
	pages []time.Duration
}

// called is one call, and when each part of the way to its suggestion ended.
type called struct {
	key                                        identifier.Key // of who called
	early                                      bool           // before those that count
	sent, answered, published, queued, shownAt time.Time
}

// newCaller starts matcher and steward.
func newCaller(ctx context.Context, m *meter, f *filler) (_ *caller, err error) {
	c := &caller{meter: m, crowd: f.crowd, ring: f.ring, index: f.index, calls: map[string]*called{}}
	if c.matcher, err = m.stack.service(ctx, "matcher", "matcher", 0); err != nil {
		return nil, err
	}
	port, err := embedded.FreePort(ctx)
	if err != nil {
		return nil, err
	}
	if _, err := m.stack.service(ctx, "steward", "steward", port); err != nil {
		return nil, err
	}
	c.steward = "http://127.0.0.1:" + strconv.Itoa(port)
	return c, m.stack.allReady(ctx)
}

// run lets people call, so many a second, first for some seconds that do not count, and waits a while for the last suggestions: a few calls are like nobody enough.
func (c *caller) run(ctx context.Context, rate, before, seconds int) error {
	watching, stop := context.WithCancel(ctx)
	defer stop()
	g, work := errgroup.WithContext(watching)
	g.Go(func() error { return unlessStopped(watching, c.watch(work)) })
	g.Go(func() error { return unlessStopped(watching, c.watchIndex(work)) })
	var calls errgroup.Group
	onceIn(work, time.Second/time.Duration(rate), rate*(before+seconds), func(n int) { calls.Go(func() error { return c.call(work, n, n < rate*before) }) })
	err := calls.Wait()
	patience, end := context.WithTimeout(work, lastPatience)
	defer end()
	_ = poll(patience, queuePoll, func() (bool, error) { return c.waits() == 0, nil })
	stop()
	return errors.Join(err, g.Wait())
}

// unlessStopped drops the error of what was asked to end.
func unlessStopped(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return nil //nolint:nilerr // it ended because it was asked to
	}
	return err
}

// call is one person's, who is in the index under a card and gives another phone.
func (c *caller) call(ctx context.Context, n int, early bool) error {
	phone := fmt.Sprintf("+3367%07d", n)
	traits, err := json.Marshal(c.crowd.Mistyped(n))
	if err != nil {
		return fmt.Errorf("making a call: %w", err)
	}
	rest := ids("phone", phone) + fmt.Sprintf(`,"traits":%s,"data":{"duration_seconds":60,"outcome":"answered"}`, traits)
	body := envelope(fmt.Sprintf("suggest-%d", n), "call.ended", time.Now(), strings.ReplaceAll(rest, `,"proved":true`, ""))
	p := c.ring.Pseudonym(demo.Space, identifier.Phone, phone)
	one := &called{key: identifier.KeyOf(identifier.Phone, p), early: early, sent: time.Now()}
	c.mu.Lock()
	c.calls[c.ring.Name(demo.Space, p)] = one
	c.mu.Unlock()
	var s sent
	if err := c.send.one(ctx, &request{channel: demo.CallCentre, source: "desk-fr", body: body, events: 1}, &s); err != nil {
		return fmt.Errorf("calling: %w", err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	one.answered = time.Now()
	return nil
}

// waits counts the calls that were answered and of which no suggestion was shown.
func (c *caller) waits() (n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, one := range c.calls {
		if one.shownAt.IsZero() {
			n++
		}
	}
	return n
}

// watch asks for the queue while anybody waits, until ctx ends.
func (c *caller) watch(ctx context.Context) error {
	return poll(ctx, queuePoll, func() (bool, error) {
		if c.waits() == 0 {
			return false, nil
		}
		began := time.Now()
		var page steward.Review
		if err := c.queue(ctx, &page); err != nil {
			return false, err
		}
		c.shown(&page, time.Since(began))
		if len(page.Items) == 0 {
			return false, nil
		}
		return false, c.takeOff(ctx)
	})
}

// watchIndex notes when suggestions are put on the queue, until ctx ends.
func (c *caller) watchIndex(ctx context.Context) error {
	return poll(ctx, foundPoll, func() (bool, error) {
		list, _, err := c.index.Suggestions(ctx, demo.Space, "", pageOfQueue)
		if err != nil {
			return false, err //nolint:wrapcheck // says all
		}
		now := time.Now()
		c.mu.Lock()
		defer c.mu.Unlock()
		for i := range list {
			if one := c.of(&list[i]); one != nil && one.queued.IsZero() {
				one.queued = now
			}
		}
		return false, nil
	})
}

// of is the call that a suggestion is about, if any.
func (c *caller) of(x *match.Suggestion) *called {
	if one := c.calls[c.nameOf(x.A)]; one != nil {
		return one
	}
	return c.calls[c.nameOf(x.B)]
}

// shown takes note of those on a page who wait.
func (c *caller) shown(page *steward.Review, took time.Duration) {
	now := time.Now()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.pages = append(c.pages, took)
	for _, item := range page.Items {
		for _, who := range item.People {
			if one := c.calls[who.RCUID]; one != nil && one.shownAt.IsZero() {
				one.shownAt = now
			}
		}
	}
}

// takeOff takes off the queue what was shown, and what is about nobody who called.
func (c *caller) takeOff(ctx context.Context) error {
	list, _, err := c.index.Suggestions(ctx, demo.Space, "", pageOfQueue)
	if err != nil {
		return err //nolint:wrapcheck // says all
	}
	var off []string
	c.mu.Lock()
	for i := range list {
		if one := c.of(&list[i]); one == nil || !one.shownAt.IsZero() {
			off = append(off, list[i].ID)
		}
	}
	c.mu.Unlock()
	return c.index.RemoveSuggestions(ctx, demo.Space, off) //nolint:wrapcheck // says all
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
