package resolver_test

import (
	"context"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"rcu/pkg/contact"
	"rcu/pkg/event/registry"
	"rcu/pkg/identifier"
	"rcu/pkg/resolve/statemem"
	"rcu/pkg/stream"
	"rcu/schemas"
	eventpb "rcu/schemas/event"
	"rcu/services/consentapi"
	"rcu/services/contacts"
	"rcu/services/profileapi"
)

// The chaos of consent.md 3.7, one test a line, over the whole product: Kafka down, Redis down, the consumer ten minutes behind, a crash between the two
// writes of a withdrawal.

// visitor is a customer who agreed to be recognised on a site and to offers by e-mail, and looked at a page once.
type visitor struct {
	*permitWorld
	s                    *story
	server               *server
	journal              string
	cookie, mail, number string
	when                 string // an hour ago
}

// deskOf is the log of contacts on a server that may be away.
type deskOf struct {
	contact.Store
	server *server
}

func (d deskOf) LoadContacts(ctx context.Context, keys []string) ([]contact.Stored, error) {
	if d.server.away.Load() {
		return nil, errServerAway
	}
	return d.Store.LoadContacts(ctx, keys) //nolint:wrapcheck // the store itself
}

func (d deskOf) CommitContacts(ctx context.Context, x contact.Stored, until time.Time) (bool, error) {
	if d.server.away.Load() {
		return false, errServerAway
	}
	return d.Store.CommitContacts(ctx, x, until) //nolint:wrapcheck // the store itself
}

func newVisitor(t *testing.T) *visitor {
	t.Helper()
	server := newServer()
	w := newPermitWorldOn(t, 1, sabotage{}, func(now func() time.Time) stores {
		c := &connection{server: server}
		return stores{connectedCells{server.cells, c}, connectedGraph{server.graph, c}, deskOf{statemem.NewContacts(now), server}}
	})
	s := newStory(1, 1)
	at := w.now.Add(-time.Hour)
	v := &visitor{
		permitWorld: w, s: s, server: server, journal: filepath.Join(t.TempDir(), "denials.journal"), cookie: s.cookies[0], mail: s.mails[0], number: s.numbers[0],
		when: at.Format(time.RFC3339),
	}
	before := at.Add(-time.Minute).Unix()
	s.say(w, identifier.Cookie, said{controller: retail, point: v.cookie, purpose: "unify_behaviour", at: before})
	s.say(w, identifier.Email, said{controller: retail, point: v.mail, purpose: "marketing", channel: "email", at: before})
	w.take("web", retail, j("login", "account.logged_in", v.when, list(proved("customer", v.number), proved("email", v.mail)), map[string]any{"method": "password"}))
	v.view("seen")
	w.catchUp()
	v.recognised(true)
	require.NotEmpty(t, w.rows()["seen"].person)
	return v
}

// view looks at a page.
func (v *visitor) view(id string) {
	v.t.Helper()
	v.take("web", retail, v.page(id))
}

func (v *visitor) page(id string) string {
	return j(id, "page.viewed", v.when, list(is("cookie", v.cookie), proved("customer", v.number)), map[string]any{"path": "/"})
}

// sell sells to the customer at a till.
func (v *visitor) sell(id string) {
	v.t.Helper()
	v.take("store", retail, j(id, "sale", v.when, list(proved("customer", v.number), is("ticket", id)), euros(100)))
}

// contact asks for a step of an advertisement by e-mail, and returns the status and whether it is permitted.
func (v *visitor) contact(step, id string) (status int, a contacts.Answer) {
	v.t.Helper()
	status = v.ask(v.contacts, retail, "/v1/contacts/"+step, map[string]any{"id": id, "point": is("email", v.mail), "channel": "email", "purpose": "marketing"}, &a)
	return status, a
}

// recognised holds what readers and senders are answered to what was decided: the page is counted and an advertisement permitted, or neither.
func (v *visitor) recognised(want bool) {
	v.t.Helper()
	var a profileapi.Answer
	lookup := map[string]any{"identifier": is("customer", v.number), "purpose": "unify_behaviour"}
	require.Equal(v.t, http.StatusOK, v.ask(v.profiles, retail, "/v1/profiles/lookup", lookup, &a))
	require.Equal(v.t, want, a.Counters["page.viewed"] > 0, "what a reader is shown of the page")
	status, answer := v.contact("reserve", "asked at "+v.now.String())
	require.Equal(v.t, http.StatusOK, status)
	require.Equal(v.t, want, answer.Allowed, answer.Reason)
}

// consentAPI starts a process of the consent API on the journal, which is replayed until stop is called.
func (v *visitor) consentAPI() (h http.Handler, replay, stop func()) {
	t := v.t
	t.Helper()
	known, err := registry.Load(schemas.Files)
	require.NoError(t, err)
	cfg := consentapi.Default()
	cfg.Journal, cfg.ReplayEvery = v.journal, 5*time.Millisecond
	cfg.HTTP.Addr = "127.0.0.1:0"
	metrics, now := prometheus.NewRegistry(), v.now
	s, err := consentapi.New(cfg, consentapi.Deps{
		Log: zap.NewNop(), Metrics: metrics, Gatherer: metrics, Readers: v.readers, Registry: known, Cells: v.cells, Keyring: v.ring, Producer: permitLog{v.permitWorld, ""},
		Now: func() time.Time { return now },
	})
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	done := make(chan error, 1)
	running := false
	replay = func() { running = true; go func() { done <- s.Run(ctx) }() }
	stop = func() {
		if cancel(); running {
			require.NoError(t, <-done)
		}
	}
	return s.Handler(), replay, stop
}

// replayed lets a new process replay the journal until nothing waits.
func (v *visitor) replayed() {
	v.t.Helper()
	_, replay, stop := v.consentAPI()
	replay()
	require.Eventually(v.t, func() bool { raw, err := os.ReadFile(v.journal); return err == nil && len(raw) == 0 }, 5*time.Second, time.Millisecond)
	stop()
}

// withdraw takes both decisions back at the consent API, and returns the statuses.
func (v *visitor) withdraw() (statuses []int) {
	v.t.Helper()
	h, _, stop := v.consentAPI()
	defer stop()
	for _, body := range []map[string]any{
		{"point": is("cookie", v.cookie), "purpose": "unify_behaviour", "decision": "withdraw"},
		{"point": is("email", v.mail), "purpose": "marketing", "channel": "email", "decision": "withdraw"},
	} {
		code, _ := v.post(h, readerKey(retail), "/v1/consents", marshal(body))
		statuses = append(statuses, code)
	}
	return statuses
}

// withdrawals are those that Kafka has.
func (v *visitor) withdrawals() (n int) {
	v.t.Helper()
	seen := map[string]bool{}
	for _, d := range messages[eventpb.Decision](v.t, v.topics[stream.TopicConsents]) {
		if d.GetDecision() == "withdraw" && !seen[d.GetId()] {
			seen[d.GetId()] = true
			n++
		}
	}
	return n
}

// detached holds what was told, once the resolver has caught up: the page belongs to nobody, the sale to the customer.
func (v *visitor) detached(sale string) {
	v.t.Helper()
	v.catchUp()
	rows := v.rows()
	require.Empty(v.t, rows["seen"].person)
	require.NotEmpty(v.t, rows[sale].person)
	v.recognised(false)
}

// Kafka down: a withdrawal is in force before its answer and lies in the journal, a grant is refused, events are not accepted, places are reserved
// for others and nothing is handed over; when Kafka is back it gets the withdrawal, and what was stored is detached.
func TestPermitted_kafkaDown(t *testing.T) {
	v := newVisitor(t)
	v.sell("sale")
	status, a := v.contact("reserve", "before")
	require.True(t, status == http.StatusOK && a.Allowed)
	v.now = v.now.Add(time.Minute)
	v.kafkaAway.Store(true)
	status, _ = v.contact("reserve", "meanwhile")
	require.Equal(t, http.StatusOK, status, "a place needs no Kafka")
	status, _ = v.contact("confirm", "meanwhile")
	require.Equal(t, http.StatusServiceUnavailable, status, "what is handed over is on Kafka first")
	code, _ := v.post(v.ingest["web"], v.keys["web-"+retail], "/v1/events", "["+v.page("refused")+"]")
	require.Equal(t, http.StatusServiceUnavailable, code, "what is not on Kafka is not accepted")
	require.Equal(t, []int{http.StatusOK, http.StatusOK}, v.withdraw())
	v.recognised(false)
	status, a = v.contact("confirm", "before")
	require.False(t, status == http.StatusOK && a.Allowed, "withdrawn after its reservation")
	require.Zero(t, v.withdrawals())
	v.now = v.now.Add(time.Minute)
	h, _, stop := v.consentAPI()
	code, _ = v.post(h, readerKey(retail), "/v1/consents", marshal(map[string]any{
		"point": is("email", v.mail), "purpose": "marketing", "channel": "email", "decision": "grant", "act": "store_tablet_signed",
		"notice": map[string]any{"id": "marketing", "version": "1", "language": "fr"}, "proof": map[string]any{"type": "signature", "sha256": strings.Repeat("ab", 32)},
	}))
	stop()
	require.Equal(t, http.StatusServiceUnavailable, code, "a grant is durable first")
	v.recognised(false)

	v.kafkaAway.Store(false)
	v.replayed()
	require.Equal(t, 2, v.withdrawals())
	v.detached("sale")
}

// Redis down: everything optional is denied, a sale is taken, browsing is held sealed, a withdrawal is kept and says that it is not in force yet; when
// Redis is back it is.
func TestPermitted_redisDown(t *testing.T) {
	v := newVisitor(t)
	v.server.away.Store(true)
	v.now = v.now.Add(time.Minute)
	status, a := v.contact("reserve", "away")
	require.Equal(t, http.StatusServiceUnavailable, status)
	require.False(t, a.Allowed)
	require.Equal(t, http.StatusServiceUnavailable, v.ask(v.profiles, retail, "/v1/profiles/lookup", map[string]any{"identifier": is("customer", v.number), "purpose": "unify_behaviour"}, nil))
	require.Equal(t, []int{http.StatusServiceUnavailable, http.StatusServiceUnavailable}, v.withdraw())
	require.Equal(t, 2, v.withdrawals(), "Kafka has them all the same")
	v.sell("sale")
	v.view("held")
	require.Len(t, v.topics[stream.TopicHeld], 1)

	v.server.away.Store(false)
	v.replayed()
	v.recognised(false)
	require.Equal(t, 2, v.withdrawals(), "told once")
	v.detached("sale")
	require.NotContains(t, v.rows(), "held")
}

// The consumer ten minutes behind: a withdrawal holds for collection, reads and contacts although the resolver has not heard of it; a sale goes on; and
// what it had told before is taken back once it has caught up.
func TestPermitted_consumerTenMinutesBehind(t *testing.T) {
	v := newVisitor(t)
	now := v.now.Unix()
	v.s.say(v.permitWorld, identifier.Cookie, said{controller: retail, point: v.cookie, purpose: "unify_behaviour", denies: 2, at: now})
	v.s.say(v.permitWorld, identifier.Email, said{controller: retail, point: v.mail, purpose: "marketing", channel: "email", denies: 2, at: now})
	for range 2 {
		v.recognised(false)
		v.now = v.now.Add(10 * time.Minute) // the resolver reads nothing
	}
	v.view("later")
	v.sell("sale")
	v.detached("sale")
	require.NotContains(t, v.rows(), "later")
}

// A crash between the two writes of a withdrawal, wherever it falls: the journal has it, and the next process brings it into force and to Kafka.
func TestPermitted_crashBetweenTheTwoWrites(t *testing.T) {
	for name, away := range map[string]struct{ redis, kafka bool }{
		"before redis": {redis: true, kafka: true}, "between redis and kafka": {kafka: true}, "between kafka and redis": {redis: true},
	} {
		t.Run(name, func(t *testing.T) {
			v := newVisitor(t)
			v.sell("sale")
			v.now = v.now.Add(time.Minute)
			v.server.away.Store(away.redis)
			v.kafkaAway.Store(away.kafka)
			v.withdraw() // the process ends with its answer
			v.server.away.Store(false)
			v.kafkaAway.Store(false)
			if !away.redis {
				v.recognised(false)
			}
			v.replayed()
			v.recognised(false)
			require.Equal(t, 2, v.withdrawals())
			v.detached("sale")
		})
	}
}
