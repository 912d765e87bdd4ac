package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"rcu/services/internal/demo"
)

// withdrawer makes people agree and withdraw, and watches each gate.
type withdrawer struct {
	*meter
	api    string
	source demo.Source
	people int
	leaves map[string]string // id of a page -> its leaf
	effects
}

func newWithdrawer(m *meter, api string, people int) *withdrawer {
	return &withdrawer{meter: m, api: api, source: webSource(), people: people, effects: newEffects(), leaves: map[string]string{}}
}

func cookieOf(n int) string  { return fmt.Sprintf("withdraws-%06d", n) }
func accountOf(n int) string { return fmt.Sprintf("W%06d", n) }
func addressOf(n int) string { return fmt.Sprintf("withdraws.%06d@example.com", n) }
func pageOf(n int) string    { return fmt.Sprintf("page-%06d", n) }

// envelope is one event as a line.
func envelope(id, typ string, at time.Time, rest string) []byte {
	return fmt.Appendf(nil, `{"id":%q,"type":%q,"occurred_at":%q,%s}`+"\n", id, typ, at.UTC().Format(time.RFC3339Nano), rest)
}

func ids(pairs ...string) string {
	var out []string
	for pair := range slices.Chunk(pairs, 2) {
		out = append(out, fmt.Sprintf(`{"namespace":%q,"value":%q,"proved":true}`, pair[0], pair[len(pair)-1]))
	}
	return `"identifiers":[` + strings.Join(out, ",") + `]`
}

func decides(n int, decision string) string {
	one := func(ns, value, purpose, channel string) string {
		return fmt.Sprintf(`{"point":{"namespace":%q,"value":%q},"purpose":%q%s,"decision":%q,"act":"banner","notice":{"id":"n1","version":"1","language":"fr"}}`,
			ns, value, purpose, channel, decision)
	}
	return `"consent":[` + one("cookie", cookieOf(n), "unify_behaviour", "") + "," + one("email", addressOf(n), "marketing", `,"channel":"email"`) + `]`
}

func (w *withdrawer) web(body []byte, events int) *request {
	return &request{channel: w.source.Channel, source: w.source.Name, body: body, events: events}
}

// agree has everybody grant, then log in, order and look at a page, and waits until ClickHouse shows the pages with a person.
func (w *withdrawer) agree(ctx context.Context) error {
	at := time.Now().Add(-time.Hour)
	var grants, rest []byte
	for n := range w.people {
		grants = append(grants, envelope("grant-"+cookieOf(n), "consent.decided", at, decides(n, "grant"))...)
		who := ids("customer", accountOf(n), "email", addressOf(n)) // the device is linked by browsing alone
		rest = append(rest, envelope("login-"+cookieOf(n), "account.logged_in", at.Add(time.Minute), who+`,"data":{"method":"password"}`)...)
		rest = append(rest, envelope(pageOf(n), "page.viewed", at.Add(2*time.Minute), ids("customer", accountOf(n), "cookie", cookieOf(n))+`,"data":{"path":"/"}`)...)
	}
	var n sent
	if err := w.send.one(ctx, w.web(grants, w.people), &n); err != nil {
		return fmt.Errorf("agreeing: %w", err)
	}
	if err := w.send.one(ctx, w.web(rest, 2*w.people), &n); err != nil {
		return fmt.Errorf("browsing: %w", err)
	}
	shown := int64(0)
	err := poll(ctx, 200*time.Millisecond, func() (ok bool, err error) {
		shown, err = w.stack.count(ctx, "SELECT count() FROM customer_timeline WHERE event_key IN (SELECT lower(hex(sipHash128(controller, source, event_id))) FROM events WHERE event_id LIKE 'page-%')")
		return shown >= int64(w.people), err
	})
	if err != nil {
		return fmt.Errorf("%d of %d pages are shown: %w", shown, w.people, err)
	}
	if err := w.readLeaves(ctx); err != nil {
		return err
	}
	return w.quiet(ctx)
}

// run lets people withdraw, so many a second, and waits for the effect of each at each gate.
func (w *withdrawer) run(ctx context.Context, rate int) error {
	return oneByOne(ctx, w.people, rate, func(ctx context.Context) error {
		g, both := errgroup.WithContext(ctx)
		following, told := context.WithCancel(both)
		g.Go(func() error { defer told(); return w.watch(both) })
		g.Go(func() error { return w.follow(following) })
		return g.Wait() //nolint:wrapcheck // of ours
	}, w.one)
}

// one withdraws everything and watches three gates; ClickHouse is watched for all together.
func (w *withdrawer) one(ctx context.Context, n int) error {
	began := w.begins(n)
	var s sent
	if err := w.send.one(ctx, w.web(envelope("withdraw-"+cookieOf(n), "consent.decided", began, decides(n, "withdraw")), 1), &s); err != nil {
		return fmt.Errorf("withdrawing: %w", err)
	}
	w.add("answered", time.Since(began))
	g, ctx := errgroup.WithContext(ctx)
	for name, gone := range map[string]func(context.Context, int) (bool, error){"reads": w.unread, "collect": w.dropped, "link": w.unlinked} {
		g.Go(func() error {
			if err := pollSlower(ctx, func() (bool, error) { return gone(ctx, n) }); err != nil {
				return fmt.Errorf("waiting for a withdrawal at %s: %w", name, err)
			}
			w.add(name, time.Since(began))
			return nil
		})
	}
	return g.Wait() //nolint:wrapcheck // of ours
}

// profile is what is read of an answer of the API.
type profileAnswer struct {
	RCUID    string           `json:"rcu_id"`
	Also     []string         `json:"also"`
	Counters map[string]int64 `json:"counters"`
	Topics   []string         `json:"suppressed_topics"`
	Contacts []struct {
		Value     string `json:"value"`
		Permitted *bool  `json:"permitted"`
	} `json:"contacts"`
}

// lookup asks an API for a person; nil where there is nobody to be shown.
func (m *meter) lookup(ctx context.Context, api, namespace, value, purpose string) (*profileAnswer, error) {
	status, raw, err := m.post(ctx, api+"/v1/profiles/lookup", "application/json", fmt.Sprintf(`{"identifier":{"namespace":%q,"value":%q},"purpose":%q}`, namespace, value, purpose))
	switch {
	case err != nil:
		return nil, fmt.Errorf("looking up a person: %w", err)
	case status == http.StatusNotFound || status == http.StatusForbidden:
		return nil, nil //nolint:nilnil // nobody
	case status != http.StatusOK:
		return nil, fmt.Errorf("looking up a person: status %d", status)
	}
	a := &profileAnswer{}
	return a, json.Unmarshal(raw, a) //nolint:wrapcheck // cannot be
}

// unread reports whether reads show neither the browsing nor the address for marketing.
func (w *withdrawer) unread(ctx context.Context, n int) (bool, error) {
	browsing, err := w.lookup(ctx, w.api, "customer", accountOf(n), "unify_behaviour")
	if err != nil {
		return false, err
	}
	marketing, err := w.lookup(ctx, w.api, "customer", accountOf(n), "marketing")
	if err != nil {
		return false, err
	}
	return (browsing == nil || browsing.Counters["page.viewed"] == 0) && (marketing == nil || len(marketing.Contacts) == 0), nil
}

// dropped reports whether a page on the device is dropped.
func (w *withdrawer) dropped(ctx context.Context, n int) (bool, error) {
	body := envelope(fmt.Sprintf("later-%d-%d", n, time.Now().UnixNano()), "page.viewed", time.Now(), ids("cookie", cookieOf(n))+`,"data":{"path":"/"}`)
	a, status, err := w.send.post(ctx, w.web(body, 1))
	return status == http.StatusOK && a.Dropped == 1, err
}

// unlinked reports whether the device is no part of the person any more.
func (w *withdrawer) unlinked(ctx context.Context, n int) (bool, error) {
	person, err := w.lookup(ctx, w.api, "customer", accountOf(n), "contract")
	if err != nil || person == nil {
		return false, errors.Join(err)
	}
	return len(person.Also) == 1, nil // the address
}
