package rebuild_test

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"rcu/pkg/auth"
	"rcu/pkg/contact"
	"rcu/pkg/identifier"
	"rcu/pkg/identity"
	"rcu/pkg/resolve"
	"rcu/pkg/resolve/stateredis"
	"rcu/pkg/stream"
	eventpb "rcu/schemas/event"
	"rcu/services/contacts"
)

// chooser says what a person decides at a point of theirs.
type chooser struct {
	i *installation
	n int
}

// said has somebody decide; channel may be empty, and days is how long it holds (0: for ever).
func (c *chooser) said(ns identifier.Namespace, value, purpose, channel, decision string, days int, wide bool) {
	c.i.t.Helper()
	c.n++
	at := time.Now().Add(-time.Hour)
	p := c.i.ring.Pseudonym(space, ns, value)
	d := &eventpb.Decision{
		Space: space, Controller: retail, Source: "shop", Id: fmt.Sprintf("d%d", c.n), Purpose: purpose, Channel: channel, Decision: decision, Wide: wide,
		Point: &eventpb.Identifier{Namespace: string(ns), Pseudonym: p[:]}, DecidedAt: at.Unix() + int64(c.n), ReceivedAt: at.UnixMicro(), Act: "web_form",
	}
	if days > 0 {
		d.ExpiresAt = time.Now().AddDate(0, 0, days).Unix()
	}
	c.i.put(stream.TopicConsents, p[:], d, time.Now())
}

func address(n int) string { return fmt.Sprintf("p%d@example.com", n) }

func cardOf(n int) string { return fmt.Sprintf("29900%08d", n) }

// choose has everybody agree to advertisements by e-mail, and then most think better of it, each in another way. It returns how many they are.
func (i *installation) choose() int {
	c := &chooser{i: i}
	ways := []func(n int){
		func(int) {},
		func(n int) { c.said(identifier.Email, address(n), "wish:pause", "", "object", 30, false) },
		func(n int) { c.said(identifier.Card, cardOf(n), "wish:pause", "", "object", 30, true) },
		func(n int) { c.said(identifier.Email, address(n), "wish:topic:shoes", "", "object", 0, false) },
		func(n int) { c.said(identifier.Email, address(n), "wish:topic:baby", "", "object", 0, true) },
		func(n int) { c.said(identifier.Email, address(n), "wish:frequency:monthly", "", "object", 0, true) },
		func(n int) { c.said(identifier.Email, address(n), "wish:frequency:never", "email", "object", 0, false) },
		func(n int) { c.said(identifier.Email, address(n), "overlay:restricted", "", "object", 0, false) },
		func(n int) { c.said(identifier.Email, address(n), "overlay:erased", "", "object", 0, false) },
		func(n int) { c.said(identifier.Email, address(n), "overlay:deceased", "", "object", 0, false) },
		func(n int) {
			c.said(identifier.Cookie, fmt.Sprintf("ck-%09d", n), "overlay:restricted", "", "object", 0, false)
		},
		func(n int) { c.said(identifier.Email, address(n), "marketing", "email", "withdraw", 0, false) },
	}
	for n, way := range ways {
		c.said(identifier.Email, address(n), "marketing", "email", "grant", 365, false)
		way(n)
	}
	i.publish()
	return len(ways)
}

// desk is the service that is asked before a contact, over a Redis.
type desk struct {
	t       *testing.T
	handler http.Handler
}

func (i *installation) desk(r *stateredis.Client) *desk {
	i.t.Helper()
	graph, err := resolve.NewGraph(stateredis.NewGraph(r), identity.DefaultRules())
	require.NoError(i.t, err)
	cells := stateredis.NewCells(r)
	keys, err := auth.NewKeys([]auth.Entry[auth.Reader]{{
		Hash: auth.HashKey("sender"), Principal: auth.Reader{Name: "sender", Role: auth.RoleService, Space: space, Controllers: []string{retail}},
	}})
	require.NoError(i.t, err)
	registry := prometheus.NewRegistry()
	cfg := contacts.Default()
	cfg.Rules.Caps = []contact.Cap{{Most: 2, Hours: 168, Source: "test"}}
	cfg.Rules.Hours = nil
	s, err := contacts.New(cfg, contacts.Deps{
		Log: zap.NewNop(), Metrics: registry, Gatherer: registry, Readers: keys, People: graph, Acts: resolve.NewReader(graph, cells), Registers: cells,
		Contacts: stateredis.NewContacts(r), Kafka: i.out, Pseudonyms: i.ring, Whole: i.whole(r),
	})
	require.NoError(i.t, err)
	return &desk{i.t, s.Handler()}
}

// ask takes a step and returns the state of the contact, or why there is none.
func (d *desk) ask(ctx context.Context, step, id string, point map[string]any, channel, topic string) string {
	raw, err := json.Marshal(map[string]any{"id": id, "point": point, "channel": channel, "purpose": "marketing", "topic": topic})
	require.NoError(d.t, err)
	q := httptest.NewRequestWithContext(ctx, http.MethodPost, "/v1/contacts/"+step, strings.NewReader(string(raw)))
	q.Header.Set("Authorization", "Bearer sender")
	w := httptest.NewRecorder()
	d.handler.ServeHTTP(w, q)
	var a contacts.Answer
	require.NoError(d.t, json.Unmarshal(w.Body.Bytes(), &a), w.Body.String())
	require.Equal(d.t, a.Allowed, a.Reason == "", w.Body.String())
	return a.State + a.Reason
}

func mailTo(n int) map[string]any { return map[string]any{"namespace": "email", "value": address(n)} }

// asked is what everybody may be sent by now, by person and topic. Places are given back.
func (d *desk) asked(people int) map[string]string {
	out := map[string]string{}
	for n := range people {
		for _, topic := range []string{"shoes", "baby"} {
			name := fmt.Sprintf("%d %s", n, topic)
			out[name] = d.ask(d.t.Context(), "reserve", name, mailTo(n), "email", topic)
			d.ask(d.t.Context(), "release", name, mailTo(n), "email", topic)
		}
	}
	return out
}

// What people chose and what was counted of them comes back: decisions, wishes, restrictions, caps, calls. Until it is all there, nobody is contacted.
func TestWhatPeopleChoseComesBack(t *testing.T) {
	i := newInstallation(t)
	people := i.choose()
	i.live(people)
	before := i.desk(i.redis)
	called := map[string]any{"namespace": "phone", "value": "0612345678", "country": "FR"}
	// twice somebody is sent what the cap allows; once a reservation stands; once somebody refuses further calls
	for _, id := range []string{"a", "b"} {
		require.Equal(t, "reserved", before.ask(t.Context(), "reserve", id, mailTo(0), "email", "shoes"))
		require.Equal(t, "made", before.ask(t.Context(), "confirm", id, mailTo(0), "email", "shoes"))
	}
	require.Equal(t, "reserved", before.ask(t.Context(), "reserve", "open", mailTo(3), "email", "baby"))
	require.Equal(t, "reserved", before.ask(t.Context(), "reserve", "f", mailTo(5), "email", "shoes"))
	require.Equal(t, "made", before.ask(t.Context(), "confirm", "f", mailTo(5), "email", "shoes"))
	c := &chooser{i: i, n: 100}
	c.said(identifier.Phone, "+33612345678", "marketing", "phone", "grant", 300, false)
	i.publish()
	i.resolved()
	require.Equal(t, "reserved", before.ask(t.Context(), "reserve", "g", called, "phone", "shoes"))
	require.Equal(t, "refused", before.ask(t.Context(), "refused", "g", called, "phone", "shoes"))
	was, sums := before.asked(people), survey(t, i.redis)
	require.Equal(t, []string{"cap", "no_permission", "own_frequency", "paused", "reserved", "topic_suppressed"}, kinds(was), "%v", was)
	require.Contains(t, sums, "wishes")

	fresh := openRedis(t)
	after := i.desk(fresh)
	require.Equal(t, "unavailable", after.ask(t.Context(), "reserve", "early", mailTo(0), "email", "shoes"), "a Redis that was lost permits nothing")
	i.nobodyMeanwhile(fresh, after)
	require.Equal(t, sums, survey(t, fresh))
	require.Equal(t, was, after.asked(people))
	require.Equal(t, "refused_before", after.ask(t.Context(), "reserve", "h", called, "phone", "shoes"), "who refused is not called")
	require.Equal(t, "reservation_expired", after.ask(t.Context(), "confirm", "open", mailTo(3), "email", "baby"), "a place that was held is asked for again")
}

// nobodyMeanwhile rebuilds a Redis while a sender asks on and on, who is allowed nothing before the end.
func (i *installation) nobodyMeanwhile(r *stateredis.Client, d *desk) {
	t := i.t
	t.Helper()
	ctx, done := context.WithCancel(t.Context())
	var allowed []string
	var asking sync.WaitGroup
	asking.Go(func() {
		for n := 0; ctx.Err() == nil; n++ {
			state := d.ask(ctx, "reserve", fmt.Sprintf("meanwhile %d", n), mailTo(0), "email", "shoes")
			if state != "unavailable" {
				allowed = append(allowed, state)
			}
		}
	})
	steps := 0
	_, err := i.rebuild(t.Context(), r, func(step string, _, _ int64) {
		steps++
		require.Equal(t, "unavailable", d.ask(t.Context(), "reserve", fmt.Sprint("step ", steps), mailTo(0), "email", "shoes"), step)
	})
	done()
	asking.Wait()
	require.NoError(t, err)
	require.Greater(t, steps, 10)
	require.Subset(t, []string{"cap"}, slices.Compact(allowed), "at the very end it says what it said before")
}

// kinds are the different answers.
func kinds(answers map[string]string) []string {
	return slices.Compact(slices.Sorted(maps.Values(answers)))
}
