package matcher

import (
	"context"
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"rcu/pkg/identifier"
	"rcu/pkg/match"
	"rcu/pkg/resolve"
	"rcu/pkg/resolve/statemem"
	"rcu/pkg/stream"
	"rcu/pkg/testkit"
)

// news marks a record as saying something new of a person.
func news(r stream.Record) stream.Record {
	r.Headers = append(r.Headers, stream.Header{Key: stream.HeaderNews, Value: []byte("1")})
	return r
}

// plant switches faults on until the test ends.
func plant(t *testing.T, f func()) {
	t.Helper()
	before := faults
	t.Cleanup(func() { faults = before })
	f()
}

func (r *rig) aheadOf(outcome string) int {
	return int(testutil.ToFloat64(r.s.metrics.ahead.WithLabelValues(outcome)))
}

// TestAhead_isSuggestedBeforeItsTurn: what is marked is taken where it lies, behind records that nobody has read; those are not looked at.
func TestAhead_isSuggestedBeforeItsTurn(t *testing.T) {
	r := newRig(t)
	r.says(r.key("card", "2990001111111"), helene)
	broken := stream.Record{Topic: stream.TopicLeaves, Key: []byte("l:short"), Value: []byte("\xff\xff")}
	came := []stream.Record{broken, r.record(r.key("card", "2990002222222"), paul), news(r.record(r.key("phone", "+33611223344"), typed)), news(broken)}
	from := make(chan int64, 1)
	r.s.Revoked(nil)
	r.comes = func(ctx context.Context, topic string, partition int, at int64, fn func(stream.Record) error, _ func()) error {
		from <- at
		for i, rec := range came {
			rec.Topic, rec.Offset, rec.Partition = topic, at+int64(i), partition
			if err := fn(rec); err != nil {
				return err
			}
		}
		<-ctx.Done()
		return ctx.Err()
	}
	require.NoError(t, r.s.Assigned(t.Context(), []stream.Assignment{{Topic: stream.TopicLeaves, Partition: 3, Offset: 40, End: 50}}))
	require.EqualValues(t, 50, <-from, "what lay there before is taken in its turn")
	require.Eventually(t, func() bool { return len(r.shown()) == 1 && r.aheadOf(aheadFailed) == 1 }, 10*time.Second, time.Millisecond)
	r.s.Revoked(nil)
	require.Equal(t, 1, r.aheadOf(aheadTaken))
	require.EqualValues(t, 2, r.entries(), "the others wait for their turn")
	require.Nil(t, r.s.ahead.stop, "nobody follows what was given back")
}

// TestAhead_drawsOnThePace and is left to its turn where that is overdrawn.
func TestAhead_drawsOnThePace(t *testing.T) {
	r := newRig(t)
	r.s.pace.ReserveN(time.Now(), 2*batchRecords)
	for range r.s.cfg.Rate {
		r.s.pace.Reserve()
	}
	rec := news(r.record(r.key("card", "2990001111111"), helene))
	rec.Offset = r.next
	r.s.takeAhead(t.Context(), rec)
	require.Equal(t, 1, r.aheadOf(aheadLeft))
	require.Zero(t, r.entries())
}

// gatedIndex holds back who puts an entry.
type gatedIndex struct {
	match.Index

	came, open chan struct{}
}

func (x *gatedIndex) PutEntry(ctx context.Context, space string, e match.Entry) (int, error) {
	x.came <- struct{}{}
	<-x.open
	return x.Index.PutEntry(ctx, space, e)
}

// erasedMeanwhile is how many entries an index has of a leaf that is deleted in its turn while an earlier record of it is taken ahead.
func erasedMeanwhile(t *testing.T) int64 {
	t.Helper()
	r := newRig(t)
	card := r.key("card", "2990001111111")
	b := r.batch(news(r.record(card, helene)), r.gone(card, true))
	index := r.index
	gate := &gatedIndex{index, make(chan struct{}, 1), make(chan struct{})}
	r.s.deps.Index = gate
	var both errgroup.Group
	both.Go(func() error { r.s.takeAhead(t.Context(), b.Records[0]); return nil })
	<-gate.came
	both.Go(func() error { return r.s.Batch(t.Context(), b) })
	if faults.unordered {
		require.Eventually(t, func() bool { return r.s.reached.of(0) == b.Next() }, 10*time.Second, time.Millisecond)
	} else {
		require.Never(t, func() bool { return r.s.reached.of(0) == b.Next() }, 50*time.Millisecond, 5*time.Millisecond)
	}
	close(gate.open)
	require.NoError(t, both.Wait())
	return r.entries()
}

func TestAhead_nothingErasedComesBack(t *testing.T) {
	require.Zero(t, erasedMeanwhile(t))
	plant(t, func() { faults.unordered = true })
	require.EqualValues(t, 1, erasedMeanwhile(t))
}

// aheadWorld is a log of leaves, some marked, which a matcher takes in turn and ahead of turns in any order, while it is killed, fails, and its server
// loses its last writes.
type aheadWorld struct {
	*rig

	rng    *rand.Rand
	log    []stream.Record
	leaves []string
	turn   int // the next record in turn
	lead   int // the next record that may be taken ahead
	kept   map[string]match.Entry
}

func newAheadWorld(t *testing.T, seed uint64) *aheadWorld {
	t.Helper()
	w := &aheadWorld{rig: newRig(t), rng: rand.New(rand.NewPCG(seed, 35))}
	keys := []identifier.Key{w.key("card", "2990001111111"), w.key("phone", "+33611223344"), w.key("card", "2990002222222")}
	says := []map[string]string{helene, typed, paul, {"given_name": "Jean"}, nil}
	for i := range 12 {
		k := keys[w.rng.IntN(len(keys))]
		rec := w.record(k, says[w.rng.IntN(len(says))])
		if w.rng.IntN(5) == 0 {
			rec = w.gone(k, w.rng.IntN(2) == 0)
		}
		if w.rng.IntN(2) == 0 {
			rec = news(rec)
		}
		rec.Offset = int64(i)
		w.log = append(w.log, rec)
	}
	for _, k := range keys {
		w.leaves = append(w.leaves, string(leafID(k)))
	}
	return w
}

// begin starts over an empty index.
func (w *aheadWorld) begin() {
	w.t.Helper()
	require.NoError(w.t, w.cells.SetPlain(w.t.Context(), []resolve.Plain{{Key: w.s.placeKey(0, "")}}))
	w.over(statemem.NewIndex())
	w.restart()
	w.kept = w.held()
}

// restart starts a process over the index as it is.
func (w *aheadWorld) restart() {
	w.t.Helper()
	w.s.Revoked(nil)
	w.over(w.index)
	parts := []stream.Assignment{{Topic: stream.TopicLeaves, End: int64(len(w.log))}}
	parts[0].Offset = parts[0].End
	require.NoError(w.t, w.s.Assigned(w.t.Context(), parts))
	w.turn = int(parts[0].Offset)
}

func (w *aheadWorld) held() map[string]match.Entry {
	w.t.Helper()
	out := map[string]match.Entry{}
	for _, id := range w.leaves {
		e, err := w.index.Entry(w.t.Context(), space, id)
		require.NoError(w.t, err)
		out[id] = e
	}
	return out
}

// lose takes back what was written since a batch ended: its place lies beside it.
func (w *aheadWorld) lose() {
	w.t.Helper()
	for id, e := range w.kept {
		require.NoError(w.t, w.index.RemoveEntry(w.t.Context(), space, id))
		if e.ID == "" {
			continue
		}
		_, err := w.index.PutEntry(w.t.Context(), space, e)
		require.NoError(w.t, err)
		if e.Compared {
			require.NoError(w.t, w.index.SetCompared(w.t.Context(), space, e))
		}
	}
}

// inTurn takes some records in turn, the second time where it fails first.
func (w *aheadWorld) inTurn(records []stream.Record, fails bool) error {
	b := stream.Batch{Topic: stream.TopicLeaves, Records: records}
	if fails {
		w.s.deps.Index = &killedIndex{Index: w.index}
		err := w.s.Batch(w.t.Context(), b)
		if w.s.deps.Index = w.index; err == nil {
			return nil
		}
	}
	return w.s.Batch(w.t.Context(), b)
}

// ahead takes the next marked record, if there is one.
func (w *aheadWorld) ahead() {
	for w.lead < len(w.log) {
		rec := w.log[w.lead]
		if w.lead++; rec.Header(stream.HeaderNews) != nil {
			w.s.takeAhead(w.t.Context(), rec)
			return
		}
	}
}

// step does one thing.
func (w *aheadWorld) step() {
	switch w.rng.IntN(8) {
	case 0, 1, 2:
		to := min(len(w.log), w.turn+1+w.rng.IntN(4))
		require.NoError(w.t, w.inTurn(w.log[w.turn:to], w.rng.IntN(4) == 0))
		w.turn, w.kept = to, w.held()
	case 3, 4, 5:
		w.ahead()
	case 6:
		w.restart()
		w.lead = w.turn + w.rng.IntN(len(w.log)-w.turn+1)
	case 7:
		w.lose()
	}
}

// ends compares the index with one that took all in turn, one record after the other. What only the last records of the leaves would have it suggest is suggested.
func (w *aheadWorld) ends() bool {
	w.t.Helper()
	got, suggested := w.held(), idsOf(w.t, w.rig)
	w.begin()
	for i := range w.log {
		require.NoError(w.t, w.inTurn(w.log[i:i+1], false))
	}
	want := w.held()
	w.begin()
	last := map[string]stream.Record{}
	for _, rec := range w.log {
		last[string(rec.Key)] = rec
	}
	var records []stream.Record
	for _, rec := range w.log {
		if last[string(rec.Key)].Offset == rec.Offset {
			records = append(records, rec)
		}
	}
	require.NoError(w.t, w.inTurn(records, false))
	for _, id := range idsOf(w.t, w.rig) {
		if !slices.Contains(suggested, id) {
			return false
		}
	}
	return equalEntries(got, want)
}

func equalEntries(a, b map[string]match.Entry) bool {
	for id, x := range a {
		y := b[id]
		if x.ID != y.ID || string(x.Sealed) != string(y.Sealed) || x.Compared != y.Compared || len(x.Blocks) != len(y.Blocks) {
			return false
		}
	}
	return len(a) == len(b)
}

// brokenAhead counts the histories, of so many, whose index does not end as in turn alone.
func brokenAhead(t *testing.T, histories uint64) (broken int) {
	t.Helper()
	for seed := range histories {
		w := newAheadWorld(t, seed)
		w.begin()
		for w.turn < len(w.log) {
			w.step()
		}
		for w.lead < len(w.log) { // whoever follows may be late
			w.ahead()
		}
		if !w.ends() {
			broken++
		}
	}
	return broken
}

func TestLaw_aheadEndsAsInTurn(t *testing.T) {
	require.Zero(t, brokenAhead(t, testkit.Histories(t, 150)))
	for name, f := range map[string]func(){
		"unordered":   func() { faults.unordered = true },
		"trusting":    func() { faults.trusting = true },
		"remembering": func() { faults.remembering = true },
	} {
		t.Run(name, func(t *testing.T) {
			plant(t, f)
			require.Positive(t, brokenAhead(t, 150), "the law does not see the fault")
		})
	}
}

// TestLaw_aheadAndInTurnAtOnce: nor does it matter that the two run at the same time.
func TestLaw_aheadAndInTurnAtOnce(t *testing.T) {
	for seed := range testkit.Histories(t, 40) {
		w := newAheadWorld(t, 1000+seed)
		w.begin()
		cuts := w.rng.Perm(len(w.log))
		var both errgroup.Group
		both.Go(func() error {
			for w.turn < len(w.log) {
				to := min(len(w.log), w.turn+1+cuts[w.turn]%4)
				if err := w.inTurn(w.log[w.turn:to], false); err != nil {
					return err
				}
				w.turn = to
			}
			return nil
		})
		both.Go(func() error {
			for w.lead < len(w.log) {
				w.ahead()
			}
			return nil
		})
		require.NoError(t, both.Wait())
		require.True(t, w.ends(), "seed %d", seed)
	}
}

func TestTurns_areBounded(t *testing.T) {
	turns := newTurns()
	for i := range aheadMost + 10 {
		at := leafAt{i % 8, strconv.Itoa(i)}
		if turns.early(at, 1) {
			turns.took(at, 1)
		}
	}
	require.Len(t, turns.ahead, aheadMost)
	turns.lose(0)
	require.Len(t, turns.ahead, aheadMost/8*7)
	require.True(t, turns.due(leafAt{1, "1"}, 1))
	require.Len(t, turns.ahead, aheadMost/8*7-1, "whose turn came is forgotten")
}
