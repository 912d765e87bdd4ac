package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rcu/pkg/embedded"
	"rcu/pkg/stream"
	"rcu/pkg/testkit"
)

// nobody is an address of ClickHouse where nothing answers.
const nobody = "http://rcu:not-the-secret@127.0.0.1:9/rcu"

// site is where services run, each alone, on servers that come and go.
type site struct {
	t            *testing.T
	dir          string
	kafka, redis string
}

func newSite(t *testing.T) *site {
	t.Helper()
	return &site{t: t, dir: filepath.Join(t.TempDir(), "data"), kafka: testkit.KafkaBroker(t).Addr(), redis: testkit.FreeAddress(t)}
}

// startRedis starts Redis where the services look for it.
func (s *site) startRedis() {
	s.t.Helper()
	_, port, err := net.SplitHostPort(s.redis)
	require.NoError(s.t, err)
	number, err := strconv.Atoi(port)
	require.NoError(s.t, err)
	testkit.StartRedisWith(s.t, embedded.RedisConfig{Dir: s.t.TempDir(), Port: number})
}

// lines is what a process wrote, read while it writes.
type lines struct {
	mu   sync.Mutex
	text bytes.Buffer
}

// Write implements io.Writer.
func (w *lines) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.text.Write(p)
}

// String is all of it.
func (w *lines) String() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.text.String()
}

// lonely is one `rcu run SERVICE`.
type lonely struct {
	s           *site
	cmd         *exec.Cmd
	log         *lines
	admin, addr string
	ended       chan error
}

func (s *site) run(service string, args ...string) *lonely {
	s.t.Helper()
	path, err := program()
	require.NoError(s.t, err, path)
	r := &lonely{s: s, log: &lines{}, admin: testkit.FreeAddress(s.t), addr: testkit.FreeAddress(s.t), ended: make(chan error, 1)}
	_, port, err := net.SplitHostPort(r.addr)
	require.NoError(s.t, err)
	config := filepath.Join(s.t.TempDir(), "rcu.yaml")
	require.NoError(s.t, os.WriteFile(config, fmt.Appendf(nil, "admin: %s\nports: {%s: %s}\nkafka: {partitions: 2}\n", r.admin, service, port), 0o600))
	all := append([]string{
		"--data", s.dir, "run", service, "--config", config, "--kafka", s.kafka, "--redis", s.redis, "--clickhouse", nobody,
	}, args...)
	r.cmd = exec.CommandContext(s.t.Context(), path, all...)
	r.cmd.Stderr = r.log
	require.NoError(s.t, r.cmd.Start())
	go func() { r.ended <- r.cmd.Wait() }()
	s.t.Cleanup(func() {
		_ = r.cmd.Process.Kill()
		if s.t.Failed() {
			s.t.Logf("%s:\n%s", service, r.log)
		}
	})
	return r
}

// readyz is what the operator's page answers; status 0 while there is none.
func (r *lonely) readyz() (int, string) {
	req, err := http.NewRequestWithContext(r.s.t.Context(), http.MethodGet, "http://"+r.admin+"/readyz", http.NoBody)
	require.NoError(r.s.t, err)
	return answerTo(req)
}

func answerTo(req *http.Request) (int, string) {
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, err.Error()
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return 0, err.Error()
	}
	return resp.StatusCode, string(body)
}

// until waits for an answer of the operator's page.
func (r *lonely) until(status int, says string) {
	r.s.t.Helper()
	deadline := time.After(30 * time.Second)
	again := time.NewTicker(50 * time.Millisecond)
	defer again.Stop()
	for {
		got, body := r.readyz()
		if got == status && strings.Contains(body, says) {
			return
		}
		select {
		case err := <-r.ended:
			require.FailNow(r.s.t, "the service ended", "%v: %s", err, r.log)
		case <-deadline:
			require.FailNow(r.s.t, "the operator's page does not say it", "%s: %d %s\n%s", says, got, body, r.log)
		case <-again.C:
		}
	}
}

// stop ends the service as an operator does.
func (r *lonely) stop() {
	r.s.t.Helper()
	require.NoError(r.s.t, r.cmd.Process.Signal(syscall.SIGTERM))
	require.NoError(r.s.t, r.exit(), r.log.String())
}

// exit waits until the process has ended by itself.
func (r *lonely) exit() error {
	r.s.t.Helper()
	select {
	case err := <-r.ended:
		r.ended <- err
		return err
	case <-time.After(20 * time.Second):
		require.FailNow(r.s.t, "the service does not end", r.log.String())
		return nil
	}
}

// post sends one event of a source of the demonstration.
func (r *lonely) post(source, event string) (int, string) {
	r.s.t.Helper()
	keys, err := home{r.s.dir}.sourceKeys()
	require.NoError(r.s.t, err)
	return r.send(keys[source], "/v1/events", "["+event+"]")
}

// ask asks as a reader of the demonstration.
func (r *lonely) ask(reader, path, body string) (int, string) {
	r.s.t.Helper()
	keys, err := home{r.s.dir}.readerKeys()
	require.NoError(r.s.t, err)
	require.NotEmpty(r.s.t, keys[reader], reader)
	return r.send(keys[reader], path, body)
}

func (r *lonely) send(key, path, body string) (int, string) {
	r.s.t.Helper()
	req, err := http.NewRequestWithContext(r.s.t.Context(), http.MethodPost, "http://"+r.addr+path, strings.NewReader(body))
	require.NoError(r.s.t, err)
	req.Header.Set("Authorization", "Bearer "+key)
	req.Header.Set("Content-Type", "application/json")
	return answerTo(req)
}

// records counts those on a topic.
func (s *site) records(c *stream.Client, topic string) int {
	s.t.Helper()
	bounds, err := c.Bounds(s.t.Context(), topic, 0, 1)
	require.NoError(s.t, err)
	n := 0
	for _, b := range bounds {
		n += int(b.End)
	}
	return n
}

// happened is an event of so many minutes ago, with the rest of its fields.
func happened(minutes int, id, kind, rest string) string {
	at := time.Now().Add(-time.Duration(minutes) * time.Minute).UTC().Format(time.RFC3339)
	return fmt.Sprintf(`{"id":%q,"type":%q,"occurred_at":%q,%s}`, id, kind, at, rest)
}

const (
	aCookie = `{"namespace":"cookie","value":"5f0c2d9e-7a41-4c56-9f3e-0d1b2a3c4e5f","proved":true}`
	another = `{"namespace":"cookie","value":"6a1d3e0f-8b52-4d67-8a4f-1e2c3b4d5f60","proved":true}`
	goods   = `"data":{"total":{"amount":1000,"currency":"EUR"},"lines":[{"sku":"JUMPER-M","quantity":1,"amount":1000}]}`
)

func decided(minutes int, cookie, id, decision string) string {
	return happened(minutes, id, "consent.decided", `"consent":[{"point":`+cookie+`,"purpose":"unify_behaviour",`+decision+`}]`)
}

func TestIngestorsStartWhileRedisAndClickHouseAreAway(t *testing.T) {
	s := newSite(t)
	till := s.run("ingest-store")
	till.until(http.StatusOK, "ready")
	web, resolver := s.run("ingest-web"), s.run("resolver")
	web.until(http.StatusOK, "ready")
	resolver.until(http.StatusServiceUnavailable, "waiting for redis")
	c, err := stream.Connect(stream.Config{Brokers: []string{s.kafka}}, stream.Deps{})
	require.NoError(t, err)
	t.Cleanup(c.Close)

	status, body := till.post("till-paris-1", happened(1, "s1", "sale", `"identifiers":[{"namespace":"card","value":"2991234567895","proved":true}],`+goods))
	require.Equal(t, http.StatusOK, status, body)
	require.Contains(t, body, `"accepted":1`)
	require.Equal(t, 1, s.records(c, stream.TopicEventsStore))
	status, body = web.post("shop-fr", happened(1, "o1", "order.placed", `"identifiers":[{"namespace":"customer","value":"C-1","proved":true},{"namespace":"order","value":"W-1"}],`+goods))
	require.Equal(t, http.StatusOK, status, body)
	require.Equal(t, 1, s.records(c, stream.TopicEventsWeb))
	status, body = web.post("shop-fr", decided(10, aCookie, "g1", `"decision":"grant","act":"banner","notice":{"id":"web-privacy","version":"3","language":"fr"}`))
	require.Equal(t, http.StatusOK, status, body)
	views := happened(5, "v1", "product.viewed", `"identifiers":[`+aCookie+`],"data":{"sku":"JUMPER-M","category":"clothing"}`)
	status, body = web.post("shop-fr", views)
	require.Equal(t, http.StatusOK, status, body)
	require.Contains(t, body, `"held":true`)
	require.Equal(t, 1, s.records(c, stream.TopicHeld))
	status, body = web.post("shop-fr", decided(1, another, "d1", `"decision":"withdraw"`))
	require.Equal(t, http.StatusServiceUnavailable, status, body)
	before := s.records(c, stream.TopicEventsWeb)

	s.startRedis()
	resolver.until(http.StatusOK, "ready")
	require.Eventually(t, func() bool { return s.records(c, stream.TopicEventsWeb) == before+1 }, 30*time.Second, 50*time.Millisecond,
		"the view was granted: the judge publishes it")
	require.Eventually(t, func() bool {
		status, body = web.post("shop-fr", decided(1, another, "d1", `"decision":"withdraw"`))
		return status == http.StatusOK
	}, 20*time.Second, 50*time.Millisecond, "the denial is put in force: %s", web.log)
	status, body = web.post("shop-fr", strings.NewReplacer(`"v1"`, `"v2"`, aCookie, another).Replace(views))
	require.Equal(t, http.StatusOK, status, body)
	require.Contains(t, body, `"dropped":1`)
	require.Equal(t, 1, s.records(c, stream.TopicHeld))
	require.Eventually(t, func() bool { return strings.Contains(web.log.String(), "redis is there") }, 20*time.Second, 50*time.Millisecond)
	for _, r := range []*lonely{resolver, web, till} {
		r.stop()
		onlyJSON(t, r.log.String())
	}
}

// onlyJSON fails for lines that a library wrote beside the log.
func onlyJSON(t *testing.T, log string) {
	t.Helper()
	for line := range strings.Lines(log) {
		require.True(t, json.Valid([]byte(line)), line)
	}
}

func TestServicesThatWaitEndInOrder(t *testing.T) {
	s := newSite(t)
	for _, x := range []struct{ service, waitsFor, warns string }{
		{"resolver", "waiting for redis: ", "redis does not answer yet"},
		{"profile-api", "waiting for redis: ", "redis does not answer yet"},
		{"sink", "migrating clickhouse: ", "migrating clickhouse"},
	} {
		t.Run(x.service, func(t *testing.T) {
			on := *s
			on.t = t
			r := on.run(x.service)
			r.until(http.StatusServiceUnavailable, x.waitsFor)
			r.stop()
			require.Contains(t, r.log.String(), x.warns)
			require.NotContains(t, r.log.String(), "not-the-secret")
			onlyJSON(t, r.log.String())
		})
	}
	t.Run("without kafka", func(t *testing.T) {
		on := *s
		on.t, on.kafka = t, "127.0.0.1:9"
		r := on.run("ingest-store")
		r.until(http.StatusServiceUnavailable, "waiting for kafka")
		r.stop()
	})
}

func TestProfileAPIServesWhenRedisComes(t *testing.T) {
	s := newSite(t)
	r := s.run("profile-api")
	r.until(http.StatusServiceUnavailable, "waiting for redis")
	s.startRedis()
	r.until(http.StatusOK, "ready")
	r.stop()
}

// A service behind a load balancer says first that it will go, on its own port and to the operator, and answers until the balancer has seen it.
func TestServiceThatIsAskedToEnd_isNotReadyAndServesBeforeItDoes(t *testing.T) {
	s := newSite(t)
	till := s.run("ingest-store", "--set", "shutdown_delay=3s")
	till.until(http.StatusOK, "ready")
	asked := time.Now()
	require.NoError(t, till.cmd.Process.Signal(syscall.SIGTERM))
	till.until(http.StatusServiceUnavailable, "stopping")
	require.Eventually(t, func() bool {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+till.addr+"/readyz", http.NoBody)
		require.NoError(t, err)
		status, _ := answerTo(req)
		return status == http.StatusServiceUnavailable
	}, 2*time.Second, 10*time.Millisecond)
	status, body := till.post("till-paris-1", happened(1, "s1", "sale", `"identifiers":[{"namespace":"card","value":"2991234567895","proved":true}],`+goods))
	require.Equal(t, http.StatusOK, status, body)
	require.NoError(t, till.exit())
	require.GreaterOrEqual(t, time.Since(asked), 3*time.Second)
}

func TestServicesThatRedisRefusesEndAtOnce(t *testing.T) {
	s := newSite(t)
	s.startRedis()
	for _, service := range []string{"ingest-store", "resolver", "profile-api"} {
		r := s.run(service, "--set", "redis.username=nobody", "--set", "redis.password=not-the-secret")
		var exit *exec.ExitError
		require.ErrorAs(t, r.exit(), &exit, service)
		require.Equal(t, 1, exit.ExitCode())
		require.Contains(t, r.log.String(), "opening redis")
		require.NotContains(t, r.log.String(), "not-the-secret")
	}
}
