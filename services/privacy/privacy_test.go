package privacy_test

import (
	"bytes"
	"context"
	"encoding/hex"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap/zaptest"

	"rcu/pkg/consent"
	"rcu/pkg/embedded"
	"rcu/pkg/identifier"
	"rcu/pkg/identity"
	"rcu/pkg/profile"
	"rcu/pkg/resolve"
	"rcu/pkg/resolve/stateredis"
	"rcu/pkg/stream"
	"rcu/pkg/testkit"
	"rcu/pkg/vault"
	eventpb "rcu/schemas/event"
	"rcu/services/privacy"
)

const (
	space  = "maison"
	retail = "maison-retail"
)

// rig is an installation with real files: a broker, a redis-server and a ledger.
type rig struct {
	t        *testing.T
	dir      string // of Redis and Kafka
	broker   *embedded.Broker
	stream   *stream.Client
	out      *stream.Producer
	redis    *stateredis.Client
	cells    resolve.Cells
	ring     *vault.Keyring
	ledger   string
	people   people
	now      time.Time
	wrapped  map[string][]byte // keys of subjects as they were made, by cell
	received int64
}

// people is who owns which leaves.
type people map[string][]*profile.State

// People implements privacy.People.
func (p people) People(_ context.Context, _ string, keys []identifier.Key, _ int64) ([]*resolve.Person, error) {
	out := make([]*resolve.Person, len(keys))
	for i, k := range keys {
		out[i] = &resolve.Person{Space: space}
		for _, s := range p[k.Value] {
			out[i].Leaves = append(out[i].Leaves, resolve.PersonLeaf{Controller: retail, State: s, Owned: true})
		}
	}
	return out, nil
}

func newRig(t *testing.T) *rig {
	t.Helper()
	r := &rig{t: t, dir: t.TempDir(), ledger: filepath.Join(t.TempDir(), "erasures.ledger"), people: people{}, now: time.Now(), wrapped: map[string][]byte{}}
	r.received = r.now.Unix() - 60
	var err error
	r.broker, err = embedded.OpenBroker(embedded.KafkaConfig{Dir: filepath.Join(r.dir, "kafka")})
	require.NoError(t, err)
	t.Cleanup(r.broker.Close)
	r.stream, err = stream.Connect(stream.Config{Brokers: []string{r.broker.Addr()}}, stream.Deps{Log: zaptest.NewLogger(t)})
	require.NoError(t, err)
	t.Cleanup(r.stream.Close)
	topics := stream.Topics(2, 1)
	for i := range topics {
		if topics[i].Policy == stream.PolicyCompact { // tombstones are not waited for
			topics[i].Settings["delete.retention.ms"] = "0"
		}
	}
	require.NoError(t, r.stream.EnsureTopics(t.Context(), topics))
	r.out, err = r.stream.NewProducer(stream.ProducerConfig{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, r.out.Close(context.Background())) })
	r.redis, err = stateredis.Open(t.Context(), stateredis.Config{Addrs: []string{testkit.StartRedisIn(t, filepath.Join(r.dir, "redis")).Addr()}})
	require.NoError(t, err)
	t.Cleanup(func() { _ = r.redis.Close() })
	r.cells = stateredis.NewCells(r.redis)
	r.ring, _, err = vault.LoadOrCreate(filepath.Join(t.TempDir(), "keys"))
	require.NoError(t, err)
	return r
}

func (r *rig) key(ns identifier.Namespace, value string) identifier.Key {
	return identifier.KeyOf(ns, r.ring.Pseudonym(space, ns, value))
}

func cellOf(k identifier.Key) string { return resolve.SubjectKeyCell(space, retail, k) }

func idOf(k identifier.Key) string { return hex.EncodeToString([]byte(k.Value)) }

// seals makes the key of a subject, as a resolver does, and returns what it sealed with it.
func (r *rig) seals(k identifier.Key, value string) []byte {
	r.t.Helper()
	key, wrapped, err := r.ring.NewSubjectKey(retail, idOf(k))
	require.NoError(r.t, err)
	r.put(k, wrapped)
	sealed, err := key.Seal("given_name", value)
	require.NoError(r.t, err)
	return sealed
}

// put puts a key into Redis and on rcu.keys.
func (r *rig) put(k identifier.Key, wrapped []byte) {
	r.t.Helper()
	cells, err := r.cells.LoadCells(r.t.Context(), []string{cellOf(k)})
	require.NoError(r.t, err)
	cells[0].Value = wrapped
	written, err := r.cells.CommitCells(r.t.Context(), cells)
	require.NoError(r.t, err)
	require.True(r.t, written[0])
	record, err := stream.Encode(stream.TopicKeys, []byte(cellOf(k)), &eventpb.WrappedKey{
		Controller: retail, Subject: idOf(k), Wrapped: wrapped, Version: cells[0].Version,
	}, time.Now())
	require.NoError(r.t, err)
	record.Pinned, record.Partition = true, 1
	require.NoError(r.t, r.out.Publish(r.t.Context(), []stream.Record{record}))
	r.wrapped[cellOf(k)] = wrapped
}

// decides has somebody decide about an erasure, the way the consent API does.
func (r *rig) decides(k identifier.Key, decision string, at int64) {
	r.t.Helper()
	m := &eventpb.Decision{
		Space: space, Controller: retail, Id: decision, Point: &eventpb.Identifier{Namespace: string(k.Namespace), Pseudonym: []byte(k.Value)},
		Purpose: string(consent.Erased.Purpose()), Decision: decision, DecidedAt: at, ReceivedAt: time.Unix(at, 0).UnixMicro(),
	}
	name := resolve.ConsentCell(space, retail, k)
	cells, err := r.cells.LoadCells(r.t.Context(), []string{name})
	require.NoError(r.t, err)
	cells[0].Value, _, err = resolve.JoinDecisions(name, cells[0].Value, []*eventpb.Decision{m})
	require.NoError(r.t, err)
	_, err = r.cells.CommitCells(r.t.Context(), cells)
	require.NoError(r.t, err)
	record, err := stream.Encode(stream.TopicConsents, []byte(k.Value), m, time.Now())
	require.NoError(r.t, err)
	require.NoError(r.t, r.out.Publish(r.t.Context(), []stream.Record{record}))
}

// works runs a worker until the ledger holds so many identifiers in a state.
func (r *rig) works(delay time.Duration, state privacy.State, n int) {
	r.t.Helper()
	r.worksUntil(delay, func(l *privacy.Ledger) bool { return l.Count(time.Now())[state] >= n })
}

// worksUntil runs a worker until something holds.
func (r *rig) worksUntil(delay time.Duration, holds func(*privacy.Ledger) bool) {
	r.t.Helper()
	ledger, metrics := openLedger(r.t, r.ledger), prometheus.NewRegistry()
	s, err := privacy.New(privacy.Config{Group: "privacy", Delay: delay, Every: 100 * time.Millisecond, Settle: 20 * time.Millisecond, BytesDelay: delay, Again: time.Second}, privacy.Deps{
		Log: zaptest.NewLogger(r.t), Metrics: metrics, Stream: r.stream, Output: r.out, People: r.people, Cells: r.cells, Keyring: r.ring,
		Files: r.redis, Ledger: ledger,
	})
	require.NoError(r.t, err)
	ctx, cancel := context.WithCancel(r.t.Context())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	for deadline := time.Now().Add(30 * time.Second); !holds(ledger); <-time.After(20 * time.Millisecond) {
		require.True(r.t, time.Now().Before(deadline), "%v", ledger.All())
	}
	cancel()
	<-done
	testkit.LintMetrics(r.t, metrics)
	require.NoError(r.t, ledger.Close())
}

func (r *rig) entries() []privacy.Entry {
	r.t.Helper()
	all, err := privacy.ReadLedger(r.ledger)
	require.NoError(r.t, err)
	return all
}

func (r *rig) laysAgain() privacy.Laid {
	r.t.Helper()
	laid, err := privacy.LayAgain(r.t.Context(), r.entries(), privacy.AgainDeps{Stream: r.stream, Output: r.out, Cells: r.cells, Keyring: r.ring})
	require.NoError(r.t, err)
	return laid
}

// stands reports whether the state has a key of a subject.
func (r *rig) stands(k identifier.Key) bool {
	r.t.Helper()
	cells, err := r.cells.LoadCells(r.t.Context(), []string{cellOf(k)})
	require.NoError(r.t, err)
	return len(cells[0].Value) > 0
}

// lies reports whether the register of a point says that it is erased.
func (r *rig) lies(k identifier.Key) bool {
	r.t.Helper()
	cells, err := r.cells.LoadCells(r.t.Context(), []string{resolve.ConsentCell(space, retail, k)})
	require.NoError(r.t, err)
	register, err := consent.DecodeRegister(cells[0].Value)
	require.NoError(r.t, err)
	return register.On(consent.Erased, time.Now().Unix())
}

// keysOn lists the wrapped keys of a subject that lie on rcu.keys.
func (r *rig) keysOn(k identifier.Key) (out [][]byte) {
	r.t.Helper()
	require.NoError(r.t, r.stream.ReadAll(r.t.Context(), stream.TopicKeys, 1, func(x stream.Record) error {
		var m eventpb.WrappedKey
		if string(x.Key) != cellOf(k) || len(x.Value) == 0 {
			return nil
		}
		err := x.Decode(&m)
		if len(m.GetWrapped()) > 0 {
			out = append(out, m.GetWrapped())
		}
		return err
	}))
	return out
}

// onDisk counts the files of Redis and Kafka that hold some bytes.
func (r *rig) onDisk(secret []byte) (n int) {
	r.t.Helper()
	require.NoError(r.t, filepath.WalkDir(r.dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		content, err := os.ReadFile(path)
		if bytes.Contains(content, secret) {
			n++
		}
		return err
	}))
	return n
}

// orderOf is a leaf of a bare order of somebody, which happened at a time.
func orderOf(t *testing.T, order identifier.Key, at int64) *profile.State {
	t.Helper()
	s := new(profile.State)
	e := &eventpb.Event{
		Space: space, Controller: retail, Id: "o" + idOf(order), Source: "shop", Type: "order.placed", OccurredAt: at * 1e6, ReceivedAt: at * 1e6,
		Leaf: &eventpb.Leaf{Reference: &eventpb.Identifier{Namespace: string(order.Namespace), Pseudonym: []byte(order.Value)}}, LeafKey: make([]byte, resolve.LeafKeySize),
	}
	s.Fold(profile.Folding{Event: e, Offset: profile.SourceOffset{LogID: "l", Topic: "t"}})
	require.Equal(t, identity.Leaf{Reference: order}.Reference, resolve.SubjectOf(s.Leaf()))
	return s
}

// A person and somebody else; the person's order; and an order of whoever has the person's address now.
func TestErasedKeysAreInNoStore(t *testing.T) {
	r := newRig(t)
	mail, other := r.key(identifier.Email, "camille@example.org"), r.key(identifier.Email, "dominique@example.org")
	order, later := r.key(identifier.Order, "shop/W1"), r.key(identifier.Order, "shop/W2")
	r.people[mail.Value] = []*profile.State{orderOf(t, order, r.received-100), orderOf(t, later, r.received+100)}
	sealed := map[identifier.Key][]byte{}
	for _, k := range []identifier.Key{mail, order, other, later} {
		sealed[k] = r.seals(k, "Camille")
	}
	r.decides(mail, "object", r.received)
	require.Positive(t, r.onDisk(r.wrapped[cellOf(mail)]), "the search sees what lies in files")
	r.works(0, privacy.Destroyed, 2)

	for _, k := range []identifier.Key{mail, order} {
		require.False(t, r.stands(k), k.Namespace)
	}
	r.broker.Cluster().Compact()
	for k, gone := range map[identifier.Key]bool{mail: true, order: true, other: false, later: false} {
		require.Equal(t, gone, len(r.keysOn(k)) == 0, k.Namespace)
		require.Equal(t, gone, r.onDisk(r.wrapped[cellOf(k)]) == 0, "bytes of the key in files")
	}
	require.True(t, r.stands(other) && r.stands(later), "of nobody else")
	require.True(t, r.lies(mail))
	require.False(t, r.opensWithAnyKey(sealed[mail], mail))
	require.True(t, r.opensWithAnyKey(sealed[other], other))
	require.Equal(t, privacy.Laid{}, r.laysAgain(), "what agrees with the ledger is left alone")
	for _, e := range r.entries() {
		require.NotContains(t, e.Pseudonym, "camille")
	}
}

// opensWithAnyKey reports whether any key that any store has, for any subject, opens what was sealed.
func (r *rig) opensWithAnyKey(sealed []byte, subject identifier.Key) bool {
	r.t.Helper()
	wrapped := r.keysOn(subject)
	cells, err := r.cells.LoadCells(r.t.Context(), []string{cellOf(subject)})
	require.NoError(r.t, err)
	if len(cells[0].Value) > 0 {
		wrapped = append(wrapped, cells[0].Value)
	}
	for _, w := range wrapped {
		key, err := r.ring.SubjectKey(retail, idOf(subject), w)
		require.NoError(r.t, err)
		if _, err := key.Open("given_name", sealed); err == nil {
			return true
		}
	}
	return false
}

// An erasure that was lifted in time destroys nothing, and one whose delay runs nothing yet.
func TestAnErasureThatIsLiftedInTimeDestroysNothing(t *testing.T) {
	r := newRig(t)
	waits, lifted := r.key(identifier.Email, "camille@example.org"), r.key(identifier.Email, "dominique@example.org")
	for _, k := range []identifier.Key{waits, lifted} {
		r.seals(k, "Camille")
		r.decides(k, "object", r.received)
	}
	r.works(time.Hour, privacy.Waiting, 2)
	r.decides(lifted, "grant", r.received+10)
	r.works(time.Hour, privacy.Ended, 1)
	require.True(t, r.stands(waits) && r.stands(lifted))
	r.works(0, privacy.Destroyed, 1)
	require.False(t, r.stands(waits))
	require.True(t, r.stands(lifted))
}

// putBack is an installation whose stores were put back to before an erasure: the key stands, and no register knows.
func putBack(t *testing.T) (r *rig, mail identifier.Key) {
	t.Helper()
	r = newRig(t)
	mail = r.key(identifier.Email, "camille@example.org")
	r.seals(mail, "Camille")
	r.decides(mail, "object", r.received)
	r.works(0, privacy.Destroyed, 1)
	r.put(mail, r.wrapped[cellOf(mail)])
	register := resolve.ConsentCell(space, retail, mail)
	cells, err := r.cells.LoadCells(t.Context(), []string{register})
	require.NoError(t, err)
	cells[0].Value = nil
	_, err = r.cells.CommitCells(t.Context(), cells)
	require.NoError(t, err)
	require.True(t, r.stands(mail) && !r.lies(mail))
	return r, mail
}

func TestTheLedgerIsLaidAgainOverWhatWasPutBack(t *testing.T) {
	r, mail := putBack(t)
	require.Equal(t, privacy.Laid{Overlays: 1, Keys: 1}, r.laysAgain())
	require.True(t, !r.stands(mail) && r.lies(mail))
	require.Equal(t, privacy.Laid{}, r.laysAgain())

	// the person comes back: the key of behind the erasure is left alone, here and whenever the ledger is laid
	end := r.received + 20
	r.decides(mail, "grant", end)
	r.worksUntil(0, func(l *privacy.Ledger) bool { return l.All()[0].EndsAt == end })
	_, wrapped, err := r.ring.NewSubjectKeySince(retail, idOf(mail), end)
	require.NoError(t, err)
	r.put(mail, wrapped)
	require.Equal(t, privacy.Laid{}, r.laysAgain())
	require.True(t, r.stands(mail))

	// and is erased again
	r.decides(mail, "object", end+10)
	r.worksUntil(0, func(*privacy.Ledger) bool { return !r.stands(mail) })
}

// Erasures of before there was a ledger, or whose ledger was lost, are found on rcu.consents.
func TestALedgerThatWasLostIsMadeAgain(t *testing.T) {
	r := newRig(t)
	mail := r.key(identifier.Email, "camille@example.org")
	r.seals(mail, "Camille")
	r.decides(mail, "object", r.received)
	r.works(time.Hour, privacy.Waiting, 1)
	require.NoError(t, os.Remove(r.ledger))
	r.works(0, privacy.Destroyed, 1)
	require.False(t, r.stands(mail))
}

func TestFaults(t *testing.T) {
	t.Run("the ledger is not laid again", func(t *testing.T) {
		r, mail := putBack(t)
		privacy.Plant(t, privacy.Faults{NotAgain: true})
		r.laysAgain()
		require.True(t, r.stands(mail) && !r.lies(mail))
	})
	t.Run("rcu.keys is not told", func(t *testing.T) {
		privacy.Plant(t, privacy.Faults{NoRecord: true})
		r := newRig(t)
		mail := r.key(identifier.Email, "camille@example.org")
		sealed := r.seals(mail, "Camille")
		r.decides(mail, "object", r.received)
		r.works(0, privacy.Destroyed, 1)
		r.broker.Cluster().Compact()
		require.True(t, r.opensWithAnyKey(sealed, mail))
	})
}
