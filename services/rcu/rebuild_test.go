package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rcu/pkg/stream"
	"rcu/pkg/testkit"
	eventpb "rcu/schemas/event"
	"rcu/services/resolver"
	"rcu/services/sink"
)

const freePortsFile = `admin: 127.0.0.1:0
ports: {ingest-store: 0, ingest-web: 0, ingest-mobile: 0, ingest-callcentre: 0, profile-api: 0, contacts: 0, steward: 0, consent-api: 0}
embedded: {kafka_port: 0, redis_port: 0, clickhouse_port: 0}
ingest: {consent_timeout: 30s} # on a busy machine too, every sending of a history is collected alike
`

// installation is a data folder with everything on ports of its own.
type installation struct {
	t           *testing.T
	dir, config string
}

func newInstallation(t *testing.T) *installation {
	t.Helper()
	needServers(t)
	dir := t.TempDir()
	config := filepath.Join(dir, "free.yaml")
	require.NoError(t, os.WriteFile(config, []byte(freePortsFile), 0o600))
	return &installation{t, filepath.Join(dir, "data"), config}
}

func (i *installation) up() *running { i.t.Helper(); return up(i.t, i.dir, "--config", i.config) }

// do runs a command on the folder.
func (i *installation) do(args ...string) (string, error) {
	i.t.Helper()
	path, err := program()
	require.NoError(i.t, err, path)
	out, err := exec.CommandContext(i.t.Context(), path, append([]string{"--json", "--data", i.dir}, args...)...).CombinedOutput()
	return string(out), err
}

func (i *installation) must(args ...string) string {
	i.t.Helper()
	out, err := i.do(args...)
	require.NoError(i.t, err, out)
	return out
}

// demo streams the demonstration.
func (i *installation) demo(people string) { i.t.Helper(); i.must("demo", "--people", people) }

func (i *installation) kafka(r *running) *stream.Client {
	i.t.Helper()
	c, err := stream.Connect(stream.Config{Brokers: r.in.Kafka}, stream.Deps{})
	require.NoError(i.t, err)
	i.t.Cleanup(c.Close)
	return c
}

// settled waits until everything was resolved and written, and nothing was for a moment.
func (i *installation) settled(c *stream.Client) {
	i.t.Helper()
	quiet := 0
	require.Eventually(i.t, func() bool {
		quiet++
		for group, topics := range map[string][]string{resolver.Default().Group: resolver.Topics(), sink.Default().Group: sink.Topics()} {
			lags, err := c.Lag(i.t.Context(), group, topics...)
			if err != nil || slices.ContainsFunc(lags, func(l stream.PartitionLag) bool { return l.Lag() > 0 }) {
				quiet = 0
			}
		}
		return quiet > 3
	}, time.Minute, 300*time.Millisecond)
}

// people lists every id that ever was a profile's.
func (i *installation) people(c *stream.Client) []string {
	i.t.Helper()
	ids := map[string]bool{}
	n, err := c.Partitions(i.t.Context(), stream.TopicProfiles)
	require.NoError(i.t, err)
	for p := range n {
		require.NoError(i.t, c.ReadAll(i.t.Context(), stream.TopicProfiles, p, func(r stream.Record) error {
			var m eventpb.Profile
			err := r.Decode(&m)
			ids[m.GetRcuId()] = true
			return err
		}))
	}
	return slices.Sorted(maps.Keys(ids))
}

// answers asks the API for each, with all details.
func (i *installation) answers(ids []string) map[string]string {
	i.t.Helper()
	f := readFlags{Purpose: "contract", Reader: "cli"}
	client, err := f.client(home{i.dir})
	require.NoError(i.t, err)
	out := map[string]string{}
	for _, id := range ids {
		for _, detail := range []string{"", "/timeline", "/identifiers", "/explain"} {
			raw, err := client.read(i.t.Context(), id, detail, &f)
			var problem *apiProblem
			if errors.As(err, &problem) {
				raw, err = []byte(problem.Reason), nil
			}
			require.NoError(i.t, err)
			out[id+detail] = string(raw)
			if detail == "/explain" {
				out[id+detail] = withoutMatches(i.t, string(raw))
			}
		}
	}
	return out
}

// count asks ClickHouse.
func (i *installation) count(table string) string {
	i.t.Helper()
	return i.must("sql", "SELECT count(), sum(cityHash64(*)) FROM (SELECT * EXCEPT version FROM rcu."+table+" FINAL)")
}

// facts are counted without what a row says of its owner at write: a row that is written again says it anew.
func (i *installation) facts(table string) string {
	i.t.Helper()
	return i.must("sql", "SELECT count(), sum(cityHash64(*)) FROM (SELECT * EXCEPT (version, rcu_id"+map[bool]string{true: ", permissions"}[table == "events"]+") FROM rcu."+table+" FINAL)")
}

// shown is whose every event is, by its row and the overrides.
func (i *installation) shown() string {
	i.t.Helper()
	return i.must("sql", `SELECT count(), sum(cityHash64(e.source, e.event_id, if(o.has = 1, o.rcu_id, e.rcu_id))) FROM (SELECT * FROM rcu.events FINAL) AS e
LEFT JOIN (SELECT leaf, rcu_id, 1 AS has FROM rcu.leaf_owners FINAL) AS o ON e.leaf = o.leaf`)
}

func (i *installation) counts() map[string]string {
	i.t.Helper()
	out := map[string]string{}
	for _, table := range []string{"profiles", "profile_identifiers", "consents"} {
		out[table] = i.count(table)
	}
	for _, table := range []string{"events", "orders", "order_lines", "contacts"} {
		out[table] = i.facts(table)
	}
	out["shown"] = i.shown()
	return out
}

func TestLongWhatIsLostComesBack(t *testing.T) {
	testkit.Long(t)
	i := newInstallation(t)
	r := i.up()
	i.demo("40")
	c := i.kafka(r)
	i.settled(c)
	ids, rows := i.people(c), i.counts()
	before := i.answers(ids)
	require.Greater(t, len(ids), 40)
	out, err := i.do("rebuild", "redis", "--wipe", "--config", i.config)
	require.Error(t, err)
	require.Contains(t, out, "a resolver is running")
	out, err = i.do("backup", filepath.Join(t.TempDir(), "no.tar.gz"))
	require.Error(t, err)
	require.Contains(t, out, "stop rcu up first")
	require.NoError(t, r.stop(t, os.Interrupt), r.stderr.String())

	sums := filepath.Join(t.TempDir(), "sums.json")
	require.NoError(t, os.WriteFile(sums, []byte(i.must("rebuild", "redis", "--checksum", "--config", i.config)), 0o600))
	require.Contains(t, i.must("rebuild", "redis", "--wipe", "--verify", sums, "--config", i.config), `"differ":null`)

	require.NoError(t, os.RemoveAll(filepath.Join(i.dir, "redis"))) // rcu up fills it by itself
	r = i.up()
	require.Equal(t, before, i.answers(ids))
	i.settled(i.kafka(r))
	require.Equal(t, before, i.answers(ids), "what is resolved again changes nothing")
	require.Equal(t, rows, i.counts())
	require.NoError(t, r.stop(t, os.Interrupt), r.stderr.String())

	require.NoError(t, os.RemoveAll(filepath.Join(i.dir, "clickhouse", "data")))
	require.Contains(t, i.must("rebuild", "clickhouse", "--config", i.config), `"dropped":false`)
	r = i.up()
	i.settled(i.kafka(r))
	require.Equal(t, rows, i.counts())
	require.NoError(t, r.stop(t, os.Interrupt), r.stderr.String())

	i.backedUp(ids, before, rows)
}

// backedUp backs up, loses everything, and puts it back.
func (i *installation) backedUp(ids []string, before, rows map[string]string) {
	t := i.t
	data, keys := filepath.Join(t.TempDir(), "data.tar.gz"), filepath.Join(t.TempDir(), "keys.tar.gz")
	i.must("backup", data)
	i.must("backup", "--keys-only", keys)
	i.nothingSecret(data)
	require.NoError(t, os.RemoveAll(i.dir))
	whole, err := os.ReadFile(data)
	require.NoError(t, err)
	for _, cut := range [][]byte{whole[:len(whole)/2], append(slices.Clone(whole[:len(whole)/2]), bytes.Repeat([]byte{7}, 100)...)} {
		damaged := filepath.Join(t.TempDir(), "damaged.tar.gz")
		require.NoError(t, os.WriteFile(damaged, cut, 0o600))
		out, err := i.do("restore", damaged, "--keys", keys, "--config", i.config)
		require.Error(t, err)
		require.Contains(t, out, "the archive is damaged")
		require.NoDirExists(t, filepath.Join(i.dir, "kafka"))
	}
	i.must("restore", data, "--config", i.config)
	out, err := i.do("up", "--config", i.config)
	require.Error(t, err)
	require.Contains(t, out, "opening the keys of this installation")
	require.NoFileExists(t, filepath.Join(i.dir, "keys.json"), "no new keys for old data")
	i.must("restore", data, "--keys", keys, "--config", i.config)
	r := i.up()
	require.Equal(t, before, i.answers(ids))
	require.Equal(t, rows, i.counts())
	require.NoError(t, r.stop(t, os.Interrupt), r.stderr.String())
	i.must("restore", data, "--config", i.config) // over a folder that stands: its keys stay
	r = i.up()
	require.Equal(t, before, i.answers(ids))
	require.NoError(t, r.stop(t, os.Interrupt), r.stderr.String())
}

// nothingSecret scans an archive for everything that opens something, and for values that the demonstration sends in the clear.
func (i *installation) nothingSecret(archive string) {
	t := i.t
	var secrets []string
	for _, name := range []string{"keys.json", "source-keys.json", "reader-keys.json", "clickhouse/passwords.json"} {
		raw, err := os.ReadFile(filepath.Join(i.dir, name))
		require.NoError(t, err)
		for _, word := range strings.FieldsFunc(string(raw), func(r rune) bool { return strings.ContainsRune("\"{}[],: \n", r) }) {
			if len(word) >= 20 && strings.ContainsAny(word, "0123456789") {
				secrets = append(secrets, word)
			}
		}
	}
	require.Greater(t, len(secrets), 5)
	f, err := os.Open(archive)
	require.NoError(t, err)
	defer func() { _ = f.Close() }()
	z, err := gzip.NewReader(f)
	require.NoError(t, err)
	entries := tar.NewReader(z)
	for {
		h, err := entries.Next()
		if errors.Is(err, io.EOF) {
			return
		}
		require.NoError(t, err)
		require.NotContains(t, h.Name, "rcu.keys")
		raw, err := io.ReadAll(entries)
		require.NoError(t, err)
		for _, secret := range append(secrets, "@example.") {
			require.False(t, bytes.Contains(raw, []byte(secret)), "%s holds a secret", h.Name)
		}
	}
}

// Everything is killed at some moment, Redis is lost, everything starts and the rest is sent: as if nothing had happened.
func TestLongKilledWipedAndRebuilt(t *testing.T) {
	testkit.Long(t)
	calm := newInstallation(t)
	r := calm.up()
	calm.demo("150")
	calm.settled(calm.kafka(r))
	ids := calm.people(calm.kafka(r))
	want := calm.answers(ids)
	require.NoError(t, r.stop(t, os.Interrupt))

	seed := uint64(time.Now().UnixNano())
	rng := rand.New(rand.NewPCG(seed, 1))
	t.Log("seed", seed)
	hit := newInstallation(t)
	require.NoError(t, os.MkdirAll(hit.dir, 0o700))
	for _, name := range []string{"keys.json", "keys.fingerprint", "source-keys.json", "reader-keys.json", "sources.yaml", "readers.yaml"} {
		raw, err := os.ReadFile(filepath.Join(calm.dir, name))
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(filepath.Join(hit.dir, name), raw, 0o600))
	}
	for range 5 {
		r := hit.up()
		path, err := program()
		require.NoError(t, err)
		ctx, stop := context.WithCancel(t.Context())
		sending := exec.CommandContext(ctx, path, "--json", "--data", hit.dir, "demo", "--people", "150")
		require.NoError(t, sending.Start())
		timer := time.NewTimer(time.Duration(500+rng.IntN(4000)) * time.Millisecond)
		<-timer.C
		require.Error(t, r.stop(t, syscall.SIGKILL))
		stop()
		_ = sending.Wait()
		require.NoError(t, os.RemoveAll(filepath.Join(hit.dir, "redis")))
	}
	r = hit.up()
	hit.demo("150")
	hit.settled(hit.kafka(r))
	got := hit.answers(ids)
	for id, answer := range want {
		require.JSONEq(t, withoutHistory(t, answer), withoutHistory(t, got[id]), "seed %d, %s", seed, id)
	}
	require.NoError(t, r.stop(t, os.Interrupt))
}

// withoutHistory leaves out when and in which steps a record became what it is: another course of events has another history, and a busy machine may not have
// it at hand.
func withoutHistory(t *testing.T, answer string) string {
	t.Helper()
	var fields map[string]any
	if json.Unmarshal([]byte(answer), &fields) != nil {
		return quoted(answer)
	}
	for _, field := range []string{"history", "history_more", "history_unavailable"} {
		delete(fields, field)
	}
	raw, err := json.Marshal(fields)
	require.NoError(t, err)
	return string(raw)
}

// withoutMatches leaves out what the matcher, which follows behind, has compared so far.
func withoutMatches(t *testing.T, explanation string) string {
	t.Helper()
	var fields map[string]any
	if json.Unmarshal([]byte(explanation), &fields) != nil {
		return explanation
	}
	if links, ok := fields["links"].([]any); ok {
		fields["links"] = slices.DeleteFunc(links, func(l any) bool {
			link, _ := l.(map[string]any)
			delete(link, "probable")
			return link["seen"] == nil && link["act"] == nil
		})
	}
	raw, err := json.Marshal(fields)
	require.NoError(t, err)
	return string(raw)
}

// quoted makes a reason JSON too.
func quoted(answer string) string {
	if json.Valid([]byte(answer)) {
		return answer
	}
	return `"` + answer + `"`
}
