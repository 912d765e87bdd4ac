package resolver_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"rcu/pkg/identity"
	"rcu/pkg/resolve"
	"rcu/pkg/stream"
	"rcu/services/resolver"
)

// world runs resolvers over a history, one step of one of them at a time, in an order that the seed decides: inside each call of
// a port another one may act, fail, or be killed and started again.
type world struct {
	t     *testing.T
	h     *history
	rng   *rand.Rand
	chaos *chaos
	cells *chaosCells
	graph *chaosGraph
	log   *memoryLog
	now   time.Time

	strict    bool    // nobody is killed
	server    *server // nil: a store that loses nothing
	stateOnly bool    // what was told is not judged
	lose      float64
	started   int // processes
	workers   []*worker
	positions map[place]*position
	dead      map[string]bool // topic/partition/offset of dead letters
}

// worker is a resolver process.
type worker struct {
	service *resolver.Service
	life    *life
	cells   *chaosCells
	log     *memoryLog
	look    func(context.Context) error
	looks   bool           // as flushes
	flushes bool           // one flush at a time, as the service itself has it
	prompts bool           // and one publication before the turn
	busy    int            // batches under way
	reading map[place]bool // one batch of a partition at a time, as the consumer has it
}

// position of the group on a partition.
type position struct {
	worker    int // who has it
	next      int64
	committed int64
	handled   []handledTo
	unplaced  bool // its worker has not looked at its marker
}

type handledTo struct {
	next int64
	at   time.Time
}

type worldConfig struct {
	seed    uint64
	workers int
	fail    float64
	between float64
	lose    float64 // of a step: the server starts again without its last writes
}

func newWorld(t *testing.T, h *history, cells resolve.Cells, graph resolve.GraphState, cfg worldConfig) *world {
	t.Helper()
	w := &world{t: t, h: h, rng: rand.New(rand.NewPCG(cfg.seed, 2)), now: today, positions: map[place]*position{}, dead: map[string]bool{}}
	w.strict = cfg.fail == 0 && cfg.lose == 0
	if w.lose = cfg.lose; w.lose > 0 {
		w.server = newServer()
		cells, graph = w.server.cells, w.server.graph
	}
	w.chaos = &chaos{rng: w.rng, fail: cfg.fail, interrupt: cfg.between, tick: func() { w.now = w.now.Add(time.Millisecond) }}
	w.chaos.between = func() {
		for range 1 + w.rng.IntN(3) {
			w.step()
		}
	}
	judge := &life{chaos: w.chaos}
	w.cells = &chaosCells{Cells: cells, life: judge, written: map[string]bool{}}
	w.graph = &chaosGraph{GraphState: graph, life: judge}
	w.log = &memoryLog{life: judge, topics: map[string][]stream.Record{}}
	for range cfg.workers {
		w.workers = append(w.workers, w.start())
	}
	for i, p := range h.places {
		w.positions[p] = &position{worker: i % max(1, cfg.workers), unplaced: true}
	}
	return w
}

// worldLease is how long a publisher in a world may be silent.
const worldLease = 400 * time.Millisecond

// start starts a process: nothing of an earlier one is remembered.
func (w *world) start() *worker {
	w.t.Helper()
	by := &worker{life: &life{chaos: w.chaos}, reading: map[place]bool{}}
	by.log = &memoryLog{life: by.life, topics: w.log.topics}
	by.cells = &chaosCells{Cells: w.cells.Cells, life: by.life, written: w.cells.written}
	state := w.graph.GraphState
	var markers resolve.Markers
	if w.server != nil {
		c := &connection{server: w.server, run: w.server.run}
		by.cells.Cells, state, markers = connectedCells{w.server.cells, c}, connectedGraph{w.server.graph, c}, connectedMarkers{c}
	}
	graph, err := resolve.NewGraph(&chaosGraph{state, by.life}, identity.DefaultRules())
	require.NoError(w.t, err)
	cfg := resolver.Default()
	w.started++
	cfg.Spaces, cfg.Instance, cfg.Lease, cfg.Publishers = []string{space}, fmt.Sprint(w.started), worldLease, 1 // one step at a time
	s := resolver.Assemble(cfg, resolver.Deps{
		Log: zap.NewNop(), Metrics: prometheus.NewRegistry(), Graph: graph, Cells: by.cells, Markers: markers, Keyring: w.h.ring,
		Now: func() time.Time { return w.now },
	}, by.log)
	for _, k := range w.h.keys {
		require.NoError(w.t, s.Learn(k))
	}
	by.service, by.look = s, s.LookAfter(space)
	s.Told(func(_ context.Context, topic string, _ time.Duration, fn func(stream.Record) error) error {
		for _, r := range w.log.topics[topic] {
			if err := fn(r); err != nil {
				return err
			}
		}
		return nil
	})
	s.Seeks(func(topic string, partition int, offset int64) bool {
		p := place{topic, partition}
		x := w.positions[p]
		if w.workers[x.worker] != by || x.next < offset {
			return false
		}
		x.back(offset)
		return true
	})
	return by
}

func sortPlaces(places []place) {
	slices.SortFunc(places, func(a, b place) int {
		return cmp.Or(cmp.Compare(a.topic, b.topic), cmp.Compare(a.partition, b.partition))
	})
}

// back reads again from an earlier offset.
func (x *position) back(offset int64) {
	x.next = min(x.next, offset)
	x.handled = slices.DeleteFunc(x.handled, func(h handledTo) bool { return h.next > offset })
}

// step lets one worker do one thing.
func (w *world) step() {
	if w.lose > 0 {
		switch r := w.rng.Float64(); {
		case r < w.lose:
			w.server.lose(w.rng)
		case r < .1:
			w.server.save()
		case r < .15:
			if by := w.workers[w.rng.IntN(len(w.workers))]; by.busy == 0 {
				w.try(by.service.Look(w.t.Context()))
			}
		}
	}
	switch i := w.rng.IntN(len(w.workers)); w.rng.IntN(14) {
	default:
		some := []place{w.h.places[w.rng.IntN(len(w.h.places))]}
		for w.rng.IntN(2) == 0 {
			if p := w.h.places[w.rng.IntN(len(w.h.places))]; !slices.Contains(some, p) {
				some = append(some, p)
			}
		}
		w.readTogether(some...)
	case 0, 1:
		if by := w.workers[i]; !by.looks {
			by.looks = true
			w.try(by.look(w.t.Context()))
			by.looks = false
		}
	case 2:
		if by := w.workers[i]; !by.flushes && !by.prompts && by.service.MayFlush() {
			by.flushes = true
			w.try(w.flush(by))
			by.flushes = false
		}
	case 3:
		w.commit(w.h.places[w.rng.IntN(len(w.h.places))])
	case 4:
		graph, err := resolve.NewGraph(w.graph, identity.DefaultRules())
		require.NoError(w.t, err)
		_, err = graph.Sweep(w.t.Context(), space, w.now.Unix(), 100)
		w.try(err)
	case 5:
		if w.chaos.fail > 0 && w.rng.IntN(4) == 0 {
			w.kill(i)
		} else {
			w.move(w.h.places[w.rng.IntN(len(w.h.places))])
		}
	case 6:
		if by := w.workers[i]; !by.prompts {
			by.prompts = true
			w.try(by.service.PublishUrgent(w.t.Context()))
			by.prompts = false
		}
	case 7:
		if by := w.workers[i]; !by.looks { // one at a time in one process: what overrides owners is locked
			by.looks = true
			w.try(by.service.Express(w.t.Context()))
			by.looks = false
		}
	}
}

// flush publishes everything that is pending with a worker, or some of its portions.
func (w *world) flush(by *worker) error {
	if w.rng.IntN(2) == 0 {
		return by.service.Flush(w.t.Context())
	}
	return by.service.PublishSome(w.t.Context(), w.rng.Uint64())
}

func (w *world) try(err error) {
	if err != nil && !errors.Is(err, errChaos) && !errors.Is(err, resolve.ErrStateMoved) && !strings.Contains(err.Error(), "redis lacks") && !strings.Contains(err.Error(), "values changed under") {
		require.NoError(w.t, err)
	}
}

// kill ends a process without a flush; its partitions go to somebody, from what was committed.
func (w *world) kill(i int) {
	w.workers[i].life.ended.Store(true)
	w.workers[i] = w.start()
	for _, p := range w.h.places {
		if x := w.positions[p]; x.worker == i {
			x.worker, x.next, x.handled, x.unplaced = w.rng.IntN(len(w.workers)), x.committed, nil, true
		}
	}
}

// move gives a partition to somebody, from what was committed. Who had it does not know yet.
func (w *world) move(p place) {
	x := w.positions[p]
	x.worker, x.next, x.handled, x.unplaced = w.rng.IntN(len(w.workers)), x.committed, nil, true
}

// placed has a worker look at the markers of its partitions, if there are new ones among them.
func (w *world) placed(i int, p place) bool {
	by := w.workers[i]
	if w.server == nil {
		return true
	}
	if by.busy > 0 { // what looks at markers waits for the batches under way
		return !w.positions[p].unplaced && !by.service.Looks()
	}
	if !w.positions[p].unplaced {
		return true
	}
	places := w.placesOf(i)
	parts := make([]stream.Assignment, len(places))
	for n, q := range places {
		parts[n] = stream.Assignment{Topic: q.topic, Partition: q.partition, Offset: w.positions[q].next, End: int64(len(w.h.records[q])), LogID: stream.LogID{1}}
	}
	if err := by.service.Assigned(w.t.Context(), parts); err != nil {
		w.try(err)
		return false
	}
	for n, q := range places {
		w.positions[q].unplaced = false
		w.positions[q].back(parts[n].Offset)
	}
	return true
}

// run resolves everything, kills everybody, and lets one worker that knows nothing finish.
func (w *world) run() {
	w.t.Helper()
	for done, idle := false, 0; !done || idle < 20; {
		w.step()
		done = true
		for p, x := range w.positions {
			done = done && x.next >= int64(len(w.h.records[p]))
		}
		if done {
			idle++
		}
	}
	for _, p := range w.h.places {
		w.commit(p)
	}
	w.chaos.fail, w.chaos.interrupt, w.lose = 0, 0, 0
	w.finish()
}

func (w *world) finish() {
	w.t.Helper()
	ctx := w.t.Context()
	w.workers = []*worker{w.start()}
	for _, x := range w.positions {
		x.worker, x.next, x.unplaced = 0, x.committed, true
	}
	for _, p := range w.h.places {
		require.True(w.t, w.placed(0, p))
	}
	if w.server != nil { // as whoever publishes next, what was told of a lost state is compared first
		w.now = w.now.Add(time.Minute)
		require.NoError(w.t, w.workers[0].look(ctx))
	}
	for _, p := range w.h.places {
		for x := w.positions[p]; x.next < int64(len(w.h.records[p])); {
			w.read(p)
		}
	}
	w.now = today.Add(time.Hour)
	graph, err := resolve.NewGraph(w.graph, identity.DefaultRules())
	require.NoError(w.t, err)
	for n := 1; n > 0; {
		n, err = graph.Sweep(ctx, space, w.now.Unix(), 100)
		require.NoError(w.t, err)
	}
	last := w.workers[0].service
	require.NoError(w.t, last.Drain(ctx, space))
	require.NoError(w.t, last.Flush(ctx))
	require.NoError(w.t, last.Drain(ctx, space))
}
