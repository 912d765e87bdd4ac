package statetest

import (
	"context"
	"encoding/binary"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"rcu/pkg/identity"
	"rcu/pkg/identity/identitytest"
	"rcu/pkg/resolve"
)

// Loading checks that the graph of a space comes back from its changelog: the records of commits up to the last one that is out whole
// are the state as it was then, whatever of later ones is out, and the facts behind it bring everything to what it was.
func Loading(t *testing.T, fresh func(testing.TB) resolve.GraphLoader, histories int) {
	t.Helper()
	for seed := range uint64(histories) {
		o := identitytest.Small
		if seed%4 == 3 {
			o = Large
		}
		loading(t, fresh(t), fmt.Sprint("l", seed), seed, o)
	}
}

// written is one commit as its changelog tells it.
type written struct {
	version uint64
	records map[resolve.ComponentKey]string // empty: gone
}

// recorded keeps what was committed.
type recorded struct {
	resolve.GraphLoader
	commits []written
}

func (r *recorded) CommitGraph(ctx context.Context, space string, commits []*resolve.GraphCommit) ([]uint64, error) {
	versions, err := r.GraphLoader.CommitGraph(ctx, space, commits)
	for i, c := range commits {
		if err != nil || versions[i] == 0 {
			continue
		}
		w := written{versions[i], map[resolve.ComponentKey]string{}}
		for _, x := range c.Records {
			if x.Gone {
				w.records[x.Component] = ""
			}
		}
		for _, x := range c.Writes {
			value := slices.Clone(x.Value)
			binary.BigEndian.PutUint64(value, w.version)
			w.records[x.Component] = string(value)
		}
		r.commits = append(r.commits, w)
	}
	return versions, err
}

func loading(t *testing.T, state resolve.GraphLoader, space string, seed uint64, o identitytest.Options) {
	t.Helper()
	ctx := t.Context()
	rng := rand.New(rand.NewPCG(seed, 17))
	f := identitytest.History(rng, o)
	facts := identitytest.All(f)
	rng.Shuffle(len(facts), func(i, j int) { facts[i], facts[j] = facts[j], facts[i] })
	source := &recorded{GraphLoader: state}
	g, err := resolve.NewGraph(source, f.Rules)
	if err != nil {
		t.Fatal(err)
	}
	starts := apply(t, g, source, space+"/source", facts, f.Now, rng)
	log, through := publish(source.commits, 0, rng)
	next := len(facts)
	for i, c := range slices.Backward(source.commits) {
		if c.version > through {
			next = starts[i]
		}
	}
	loaded, err := resolve.NewGraph(state, f.Rules)
	if err != nil {
		t.Fatal(err)
	}
	if err := state.PutGraphMeta(ctx, space, resolve.GraphMeta{Version: through}); err != nil {
		t.Fatal(err)
	}
	for range 1 + rng.IntN(2) { // a load that was cut short is done once more
		if err := loadLog(ctx, state, space, log, through, rng); err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
	}
	exact(t, state, space, source.commits, through, seed)
	if _, err := loaded.Apply(ctx, space, facts[next:], nil, f.Now); err != nil {
		t.Fatalf("seed %d: %v", seed, err)
	}
	if diff := sameReviews(ctx, g, loaded, space, f); diff != "" {
		t.Fatalf("seed %d: %s", seed, diff)
	}
	want := answer(t, g, space+"/source", f)
	if diff := cmp.Diff(want, answer(t, loaded, space, f)); diff != "" {
		t.Fatalf("seed %d, through %d of %d commits (-undisturbed +loaded): %s", seed, through, len(source.commits), diff)
	}
}

// exact checks that a load gave the records as they were at a version, and no others.
func exact(t *testing.T, state resolve.GraphLoader, space string, commits []written, through, seed uint64) {
	t.Helper()
	var whole []written
	for _, c := range commits {
		if c.version <= through {
			whole = append(whole, c)
		}
	}
	if diff := inexact(t, state, space, whole); diff != "" {
		t.Fatalf("seed %d: at version %d %s", seed, through, diff)
	}
}

// inexact says in what the records of a space are not those that commits left; "" if in nothing.
func inexact(t testing.TB, state resolve.GraphLoader, space string, commits []written) string {
	t.Helper()
	want := map[resolve.ComponentKey]string{}
	for _, c := range commits {
		maps.Copy(want, c.records)
	}
	maps.DeleteFunc(want, func(_ resolve.ComponentKey, value string) bool { return value == "" })
	got := map[resolve.ComponentKey]string{}
	for cursor := ""; ; {
		keys, next, err := state.ScanComponents(t.Context(), space, cursor, 100)
		if err != nil {
			t.Fatal(err)
		}
		s, err := state.LoadComponents(t.Context(), space, keys)
		if err != nil {
			t.Fatal(err)
		}
		maps.Copy(got, s.Records)
		if cursor = next; cursor == "" {
			break
		}
	}
	if maps.Equal(want, got) {
		return ""
	}
	return fmt.Sprintf("%d records were loaded that are not the %d that stood", len(got), len(want))
}

// answer is what a graph says when all that is due was judged, without the edges that a full identifier may have left out.
func answer(t testing.TB, g *resolve.Graph, space string, f *identity.Facts) *identity.Answer {
	t.Helper()
	if err := SweepAll(t.Context(), g, space, f.Now); err != nil {
		t.Fatal(err)
	}
	a, _, err := Answer(t.Context(), g, space, f)
	if err != nil {
		t.Fatal(err)
	}
	oracle := identitytest.Ask(f)
	maps.DeleteFunc(a.Edges, func(pair, outcome string) bool {
		x, y, _ := strings.Cut(pair, "|")
		return strings.HasPrefix(outcome, "refused") && (oracle.Full(x) || oracle.Full(y))
	})
	return a
}

// loadLog puts the records of whole commits, some at a time.
func loadLog(ctx context.Context, state resolve.GraphLoader, space string, log []logged, through uint64, rng *rand.Rand) error {
	for some := range slices.Chunk(log, 1+rng.IntN(max(1, len(log)))) {
		var records []resolve.StoredRecord
		for _, x := range some {
			if x.version <= through {
				records = append(records, resolve.StoredRecord{Component: x.key, Version: x.version, Value: []byte(x.value)})
			}
		}
		if err := state.PutRecords(ctx, space, resolve.NewestRecords(records)); err != nil {
			return err
		}
	}
	return resolve.FinishLoad(ctx, state, space, nil)
}

// apply applies facts in small batches and returns of each commit the place of the first fact that was not applied before its batch.
func apply(t *testing.T, g *resolve.Graph, source *recorded, space string, facts []identity.Fact, now int64, rng *rand.Rand) (starts []int) {
	t.Helper()
	for at := 0; at < len(facts); {
		n := min(1+rng.IntN(4), len(facts)-at)
		if _, err := g.Apply(t.Context(), space, facts[at:at+n], nil, rng.Int64N(now+1)); err != nil {
			t.Fatal(err)
		}
		for len(starts) < len(source.commits) {
			starts = append(starts, at)
		}
		at += n
	}
	return starts
}

// logged is one record of a changelog.
type logged struct {
	key     resolve.ComponentKey
	version uint64
	value   string
}

// publish does what a publisher of the outbox does that is killed at some moment: entry after entry it reads what the components are
// by then, and a commit is whole once nothing that was read is newer: no value, and no component that is gone by a commit to come. high is the newest
// version that is out already.
func publish(commits []written, high uint64, rng *rand.Rand) (log []logged, through uint64) {
	seen := 0
	state, ahead := map[resolve.ComponentKey]string{}, map[resolve.ComponentKey]bool{}
	for i := range min(len(commits), 1+rng.IntN(len(commits)+3)) {
		for seen = max(seen, i+1); seen < len(commits) && rng.IntN(3) == 0; seen++ {
		}
		clear(state)
		for _, c := range commits[:seen] {
			maps.Copy(state, c.records)
		}
		last := i == len(commits)-1 || rng.IntN(8) == 0 // killed amid the records of an entry
		for _, key := range slices.SortedFunc(maps.Keys(commits[i].records), func(a, b resolve.ComponentKey) int { return slices.Compare(a[:], b[:]) }) {
			value, version := state[key], commits[i].version
			switch {
			case value != "":
				version = resolve.RecordVersion(value)
			case commits[i].records[key] != "":
				ahead[key] = true
				continue
			default:
				delete(ahead, key)
			}
			high = max(high, version)
			log = append(log, logged{key: key, version: version, value: value})
			if last && rng.IntN(2) == 0 {
				return log, through
			}
			if rng.IntN(10) == 0 {
				if old := log[rng.IntN(len(log))]; old.value != "" {
					log = append(log, logged{old.key, old.version, old.value})
				}
			}
		}
		if commits[i].version >= high && len(ahead) == 0 {
			through = commits[i].version
		}
	}
	return log, through
}
