package main

import (
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rcu/pkg/consent"
	"rcu/pkg/identifier"
	"rcu/pkg/resolve"
	"rcu/pkg/resolve/stateredis"
	"rcu/pkg/stream"
	"rcu/pkg/testkit"
	"rcu/pkg/vault"
	eventpb "rcu/schemas/event"
	"rcu/services/privacy"
)

// putBack is an installation on servers of its own that were put back to before an erasure, with the ledger that knows of it.
type putBack struct {
	t      *testing.T
	args   []string // of every command
	ledger string
	stream *stream.Client
	cells  *stateredis.Cells
	ring   *vault.Keyring
	point  identifier.Key
	at     int64 // of the erasure
}

const erasedSpace, erasedController = "maison", "maison-retail"

func newPutBack(t *testing.T) *putBack {
	t.Helper()
	dir, broker, redis := t.TempDir(), testkit.KafkaBroker(t).Addr(), testkit.RedisServer(t).Addr()
	p := &putBack{t: t, ledger: filepath.Join(dir, "away", "erasures.ledger"), at: time.Now().Add(-48 * time.Hour).Unix()}
	p.args = []string{"--data", dir, "--kafka", broker, "--redis", redis, "--set", "privacy.ledger=" + p.ledger}
	var err error
	p.stream, err = stream.Connect(stream.Config{Brokers: []string{broker}}, stream.Deps{})
	require.NoError(t, err)
	t.Cleanup(p.stream.Close)
	require.NoError(t, p.stream.EnsureTopics(t.Context(), stream.Topics(2, 1)))
	r, err := stateredis.Open(t.Context(), stateredis.Config{Addrs: []string{redis}})
	require.NoError(t, err)
	t.Cleanup(func() { _ = r.Close() })
	p.cells = stateredis.NewCells(r)
	p.ring, _, err = vault.LoadOrCreate(home{dir}.path("keys.json"))
	require.NoError(t, err)
	p.point = identifier.KeyOf(identifier.Email, p.ring.Pseudonym(erasedSpace, identifier.Email, "camille@example.org"))
	_, wrapped, err := p.ring.NewSubjectKey(erasedController, hex.EncodeToString([]byte(p.point.Value)))
	require.NoError(t, err)
	written, err := p.cells.CommitCells(t.Context(), []resolve.Cell{{Key: p.keyCell(), Value: wrapped}})
	require.NoError(t, err)
	require.True(t, written[0])
	return p
}

func (p *putBack) keyCell() string {
	return resolve.SubjectKeyCell(erasedSpace, erasedController, p.point)
}

// writesLedger has the ledger know of the erasure; the key is noted as destroyed where that is said.
func (p *putBack) writesLedger(destroyed bool) {
	p.t.Helper()
	l, err := privacy.OpenLedger(p.ledger)
	require.NoError(p.t, err)
	n, err := l.Hear([]*eventpb.Decision{{
		Space: erasedSpace, Controller: erasedController, Point: &eventpb.Identifier{Namespace: "email", Pseudonym: []byte(p.point.Value)},
		Purpose: string(consent.Erased.Purpose()), Decision: "object", DecidedAt: p.at, ReceivedAt: time.Unix(p.at, 0).UnixMicro(),
	}})
	require.NoError(p.t, err)
	require.Equal(p.t, 1, n)
	if destroyed {
		require.NoError(p.t, l.SetDestroyed(l.All(), p.at+3600))
	}
	require.NoError(p.t, l.Close())
}

// erasure runs a command of `rcu erasure` and returns what it wrote.
func (p *putBack) erasure(command string, more ...string) (stdout, stderr string, code int) {
	p.t.Helper()
	return call(p.t, "", append(append([]string{"erasure", command}, p.args...), more...)...)
}

func (p *putBack) replays() privacy.Laid {
	p.t.Helper()
	stdout, stderr, code := p.erasure("replay", "--json")
	require.Zero(p.t, code, stderr)
	var laid privacy.Laid
	require.NoError(p.t, json.Unmarshal([]byte(stdout), &laid), stdout)
	return laid
}

// erased reports whether the register of the point says so, and whether its key is marked as destroyed.
func (p *putBack) erased() (closed, destroyed bool) {
	p.t.Helper()
	cells, err := p.cells.LoadCells(p.t.Context(), []string{resolve.ConsentCell(erasedSpace, erasedController, p.point), p.keyCell()})
	require.NoError(p.t, err)
	register, err := consent.DecodeRegister(cells[0].Value)
	require.NoError(p.t, err)
	return register.On(consent.Erased, time.Now().Unix()), resolve.KeyDestroyed(cells[1])
}

// told counts what lies on Kafka: decisions that the point is erased, and records that its key is no more.
func (p *putBack) told() (decisions, tombs int) {
	p.t.Helper()
	read := func(topic string, f func(stream.Record) error) {
		n, err := p.stream.Partitions(p.t.Context(), topic)
		require.NoError(p.t, err)
		for partition := range n {
			require.NoError(p.t, p.stream.ReadAll(p.t.Context(), topic, partition, f))
		}
	}
	read(stream.TopicConsents, func(r stream.Record) error {
		var d eventpb.Decision
		err := r.Decode(&d)
		if d.GetPurpose() == string(consent.Erased.Purpose()) && d.GetDecision() == "object" && d.GetDecidedAt() == p.at && string(d.GetPoint().GetPseudonym()) == p.point.Value {
			decisions++
		}
		return err
	})
	read(stream.TopicKeys, func(r stream.Record) error {
		var k eventpb.WrappedKey
		err := r.Decode(&k)
		if string(r.Key) == p.keyCell() && len(k.GetWrapped()) == 0 {
			tombs++
		}
		return err
	})
	return decisions, tombs
}

// What the ledger knows is laid over stores that were put back: on disk, on Kafka, and once.
func TestErasureReplay_laysTheLedgerOverServersThatWerePutBack(t *testing.T) {
	p := newPutBack(t)
	require.Equal(t, privacy.Laid{}, p.replays(), "without a ledger nothing is known to be erased")
	p.writesLedger(true)
	closed, destroyed := p.erased()
	require.False(t, closed || destroyed)

	require.Equal(t, privacy.Laid{Overlays: 1, Keys: 1}, p.replays())
	closed, destroyed = p.erased()
	require.True(t, closed && destroyed)
	decisions, tombs := p.told()
	require.Equal(t, []int{1, 1}, []int{decisions, tombs}, "a rebuild of Redis learns it from Kafka")

	stdout, _, code := p.erasure("replay")
	require.Zero(t, code)
	require.Equal(t, "erasures were laid again: 0 points are closed, 0 keys destroyed\n", stdout)
	decisions, tombs = p.told()
	require.Equal(t, []int{1, 1}, []int{decisions, tombs}, "what agrees is left alone")
}

// A key whose delay runs yet is left, and its record is closed.
func TestErasureReplay_destroysNoKeyBeforeItsTime(t *testing.T) {
	p := newPutBack(t)
	p.writesLedger(false)
	require.Equal(t, privacy.Laid{Overlays: 1}, p.replays())
	closed, destroyed := p.erased()
	require.True(t, closed && !destroyed)
	_, stderr, code := p.erasure("status")
	require.Equal(t, 1, code, "two days later a key that is not noted as destroyed is overdue")
	require.Empty(t, stderr)
}

// Over a ledger that is not what was written, and without one of the two servers, nothing is done.
func TestErasureReplay_refuses(t *testing.T) {
	p := newPutBack(t)
	p.writesLedger(true)
	_, stderr, code := call(t, "", "erasure", "replay", p.args[0], p.args[1], p.args[2], p.args[3], p.args[6], p.args[7])
	require.Equal(t, 2, code)
	require.Contains(t, stderr, "give both --kafka and --redis")

	text, err := os.ReadFile(p.ledger)
	require.NoError(t, err)
	text[2] = '}'
	require.NoError(t, os.WriteFile(p.ledger, text, 0o600))
	_, stderr, code = p.erasure("replay")
	require.Equal(t, 1, code)
	require.Contains(t, stderr, "the erasure ledger is damaged")
	closed, destroyed := p.erased()
	require.False(t, closed || destroyed)
}
