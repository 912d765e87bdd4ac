package rebuild_test

import (
	"context"
	"encoding/binary"
	"encoding/hex"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rcu/pkg/identifier"
	"rcu/pkg/identity"
	"rcu/pkg/resolve"
	"rcu/pkg/resolve/stateredis"
	"rcu/pkg/stream"
	"rcu/pkg/testkit"
	eventpb "rcu/schemas/event"
	"rcu/services/internal/rebuild"
	"rcu/services/resolver"
)

// sampled draws people.
func sampled(people, most int) []int {
	rng := rand.New(rand.NewPCG(1, uint64(people)))
	return rng.Perm(people)[:min(people, most)]
}

// comesBack rebuilds what people left, and compares it with the Redis that was.
func comesBack(t *testing.T, people int) rebuild.Report {
	t.Helper()
	i := newInstallation(t)
	i.live(people)
	who := sampled(people, 10_000)
	was, answers := survey(t, i.redis), i.answers(i.redis, who)
	for _, kind := range []string{"leaf", "reference register", "consent register", "subject key", "component", "pointer", "leaf index", "rules and numbers of a space"} {
		require.Contains(t, was, kind, "the people leave something of it")
	}
	fresh := openRedis(t)
	report, err := rebuild.Redis(t.Context(), rebuild.Config{Progress: stepsOf(t)}, rebuild.Deps{Stream: i.client, Redis: fresh})
	require.NoError(t, err)
	require.False(t, report.Resumed)
	profiles := map[string]bool{}
	for _, a := range answers {
		canonical, _, _ := strings.Cut(a, " ")
		profiles[canonical] = true
	}
	t.Logf("%d profiles of %d people, %.0f profiles/s; records read: %v", len(profiles), len(who), float64(len(profiles))/report.Seconds, report.Records)
	require.Equal(t, was, survey(t, fresh))
	now := i.answers(fresh, who)
	for n := range who {
		require.Equal(t, answers[n], now[n], "person %d", who[n])
	}
	i.redis = fresh
	i.resolved()
	again := survey(t, fresh)
	delete(was, "leaf") // its version may move on
	delete(again, "leaf")
	require.Equal(t, was, again, "what is resolved again changes nothing")
	require.Equal(t, answers, i.answers(fresh, who))
	return report
}

func TestRedisComesBackByteForByte(t *testing.T) {
	comesBack(t, 200)
}

// Leaves wait for the registers of their references, however long those take: whose a leaf of a bare order number is, and so under whom it is listed, its register
// says alone.
func TestLeavesWaitForRegisters(t *testing.T) {
	i := newInstallation(t)
	for n := range 30_000 { // before all others
		k := identifier.KeyOf(identifier.Order, i.ring.Pseudonym(space, identifier.Order, strconv.Itoa(n)))
		cell := resolve.ReferenceCell(space, k)
		i.put(stream.TopicRegisters, []byte(cell), &eventpb.Changelog{Space: space, Key: []byte(cell), Version: 1, Value: identity.Register{}.Encode()}, time.Now())
	}
	i.publish()
	i.live(60)
	was := survey(t, i.redis)["leaf index"]
	require.NotEmpty(t, was)
	fresh := openRedis(t)
	_, err := rebuild.Redis(t.Context(), rebuild.Config{}, rebuild.Deps{Stream: i.client, Redis: fresh})
	require.NoError(t, err)
	require.Equal(t, was, survey(t, fresh)["leaf index"])
}

// 10,000 sampled people of as many as RCU_REBUILD_PEOPLE says.
func TestLongRedisComesBackByteForByte(t *testing.T) {
	testkit.Long(t)
	report := comesBack(t, peopleAsked(10_000))
	t.Logf("%d components and %d leaves in %.2f s: %.0f components/s", report.Components, report.Leaves, report.Seconds, report.Rate)
}

// A rebuild that ends at any moment is gone on with, and nothing is missing.
func TestARebuildThatIsCutShortGoesOn(t *testing.T) {
	i := newInstallation(t)
	i.live(150)
	was := survey(t, i.redis)
	calls := 0
	_, err := i.rebuild(t.Context(), openRedis(t), func(string, int64, int64) { calls++ })
	require.NoError(t, err)
	seed := uint64(time.Now().UnixNano())
	rng := rand.New(rand.NewPCG(seed, 2))
	for range 5 {
		fresh, cut := openRedis(t), 0
		for resumed := false; ; resumed = true {
			ctx, cancel := context.WithCancel(t.Context())
			left := rng.IntN(calls)
			report, err := i.rebuild(ctx, fresh, func(string, int64, int64) {
				if left--; left < 0 && cut < 4 {
					cancel()
				}
			})
			cancel()
			if err == nil {
				require.Equal(t, resumed, report.Resumed)
				break
			}
			require.ErrorIs(t, err, context.Canceled, "seed %d", seed)
			cut++
			owed, err := rebuild.Owed(t.Context(), "", rebuild.Deps{Stream: i.client, Redis: fresh})
			require.NoError(t, err)
			require.True(t, owed, "a Redis that is half filled is not taken for a whole one")
		}
		require.Equal(t, was, survey(t, fresh), "seed %d", seed)
	}
}

// A rebuild that is cut short while it deletes what was there does not leave half of it as if that were all.
func TestARebuildThatIsCutShortWhileWipingGoesOn(t *testing.T) {
	i := newInstallation(t)
	i.live(60)
	was := survey(t, i.redis)
	d := rebuild.Deps{Stream: i.client, Redis: i.redis}
	require.NoError(t, i.redis.NoteRebuilding(t.Context(), map[string]string{"wiping": "begun"}))
	require.NoError(t, stateredis.NewGraph(i.redis).PutRecords(t.Context(), space, []resolve.StoredRecord{{Component: i.components()[0]}})) // one is deleted already
	owed, err := rebuild.Owed(t.Context(), "", d)
	require.NoError(t, err)
	require.True(t, owed)
	report, err := rebuild.Redis(t.Context(), rebuild.Config{}, d)
	require.NoError(t, err)
	require.False(t, report.Resumed)
	require.Equal(t, was, survey(t, i.redis))
	_, err = rebuild.Redis(t.Context(), rebuild.Config{}, d)
	require.ErrorIs(t, err, rebuild.ErrNotEmpty)
	ctx, cancel := context.WithCancel(t.Context())
	_, err = rebuild.Redis(ctx, rebuild.Config{Wipe: true, Progress: func(string, int64, int64) { cancel() }}, d)
	require.ErrorIs(t, err, context.Canceled)
	report, err = rebuild.Redis(t.Context(), rebuild.Config{}, d)
	require.NoError(t, err)
	require.True(t, report.Resumed)
	require.Equal(t, was, survey(t, i.redis))
}

// A publisher that is killed in the middle leaves one half of a commit on the changelog: none of it is taken, neither at once nor when the changelog
// was told to be whole beyond it.
func TestHalfACommitIsPassedOver(t *testing.T) {
	i := newInstallation(t)
	i.live(30)
	was := survey(t, i.redis)
	through := i.through()
	i.halfACommit(through + 1)
	fresh := openRedis(t)
	_, err := i.rebuild(t.Context(), fresh, nil)
	require.NoError(t, err)
	require.Equal(t, was, survey(t, fresh))

	i.redis = fresh
	for n := range 5 {
		i.person(30 + n)
	}
	i.publish()
	i.resolved()
	require.Greater(t, i.through(), through+1)
	was = survey(t, i.redis)
	again := openRedis(t)
	_, err = i.rebuild(t.Context(), again, nil)
	require.NoError(t, err)
	require.Equal(t, was, survey(t, again))
}

// halfACommit puts on the changelog what a commit made of one component, and that another is gone by it.
func (i *installation) halfACommit(version uint64) {
	i.t.Helper()
	keys := i.components()
	require.Greater(i.t, len(keys), 2)
	values, err := stateredis.NewGraph(i.redis).LoadComponents(i.t.Context(), space, keys[:2])
	require.NoError(i.t, err)
	torn := []byte(values.Records[keys[1]]) // what the first will hold, while the second is not out yet
	require.NotEmpty(i.t, torn)
	binary.BigEndian.PutUint64(torn, version)
	name := func(c resolve.ComponentKey) []byte { return []byte(space + ":" + hex.EncodeToString(c[:])) }
	i.put(stream.TopicGraph, name(keys[0]), &eventpb.Changelog{Space: space, Key: keys[0][:], Value: torn, Version: version}, time.Now())
	gone := stream.Tombstone(stream.TopicGraph, name(keys[2]), time.Now())
	gone.Headers = append(gone.Headers, stream.Header{Key: resolver.GraphTombstoneVersion, Value: binary.BigEndian.AppendUint64(nil, version)})
	i.batch = append(i.batch, gone)
	i.publish()
}

// through reads up to where the changelog of the graph is whole.
func (i *installation) through() (version uint64) {
	i.t.Helper()
	require.NoError(i.t, i.client.ReadAll(i.t.Context(), stream.TopicGraph, resolver.GraphControlPartition, func(r stream.Record) error {
		var c eventpb.Changelog
		if r.Value == nil {
			return nil
		}
		err := r.Decode(&c)
		if string(c.GetKey()) == resolver.GraphThrough {
			version = max(version, c.GetVersion())
		}
		return err
	}))
	return version
}

// components lists the components that stand.
func (i *installation) components() (keys []resolve.ComponentKey) {
	i.t.Helper()
	g := stateredis.NewGraph(i.redis)
	for cursor := ""; ; {
		some, next, err := g.ScanComponents(i.t.Context(), space, cursor, 100)
		require.NoError(i.t, err)
		keys = append(keys, some...)
		if cursor = next; cursor == "" {
			return keys
		}
	}
}
