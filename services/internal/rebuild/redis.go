package rebuild

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"sync"
	"time"

	"rcu/pkg/resolve"
	"rcu/pkg/resolve/stateredis"
	"rcu/pkg/stream"
	eventpb "rcu/schemas/event"
	"rcu/services/resolver"
)

// Errors that say what to do about them.
var (
	ErrResolverRuns = errors.New("a resolver is running: stop it first (rcu up, or every rcu run resolver)")
	ErrNotEmpty     = errors.New("redis is not empty: --wipe deletes what it holds first")
)

// DefaultMargin is by how much the resolver's group is set back. Offsets are committed only behind what is on the changelogs, so nothing
// is owed to the margin while the broker keeps what it acknowledged; it covers a broker whose machine lost its last writes.
const DefaultMargin = 15 * time.Minute

// Config of a rebuild of Redis.
type Config struct {
	// Group of the resolver. Default: that of the resolver.
	Group string
	// Margin by which the group is set back. Default: DefaultMargin; negative: none.
	Margin time.Duration
	// Wipe deletes what Redis holds first.
	Wipe bool
	// Parallel is how many partitions of a topic are read at once. Default: 4.
	Parallel int
	// Records is about how many records of a topic are written at once, behind which it is noted how far the rebuild has come. Default: 5000.
	Records int
	// Progress is told of every step; may be nil.
	Progress func(step string, done, total int64)
}

// Deps are what a rebuild works with.
type Deps struct {
	Stream *stream.Client
	Redis  *stateredis.Client
	Now    func() time.Time // nil: time.Now
}

// Report is what a rebuild did.
type Report struct {
	Resumed    bool             `json:"resumed"`
	Seconds    float64          `json:"seconds"`
	Records    map[string]int64 `json:"records"`    // read, by topic
	Components int64            `json:"components"` // of the graph, that stand
	Leaves     int64            `json:"leaves"`     // records of them: one that was told several times counts as often
	Decisions  int64            `json:"decisions"`  // joined again from rcu.consents
	Again      int64            `json:"again"`      // records that the resolver will read again
	Rate       float64          `json:"rate"`       // components a second
}

// work is one rebuild of Redis.
type work struct {
	cfg    Config
	deps   Deps
	cells  *stateredis.Cells
	graph  *stateredis.Graph
	report Report

	through map[string]uint64 // by space: up to where the graph's changelog is whole
	rules   map[string]resolve.GraphMeta
	runs    []stateredis.Run // of the servers that are filled

	mu    sync.Mutex
	from  map[string]int64 // partitions read already, by topic/partition
	sees  map[string]uint64
	high  map[string]uint64 // by space: the newest commit that the graph's changelog tells of, whole or not
	gone  []string          // keys of values that are gone
	step  string
	done  int64
	total int64
}

// Redis fills Redis. Where an earlier call was cut short it goes on from there.
func Redis(ctx context.Context, cfg Config, d Deps) (Report, error) {
	w, err := newWork(cfg, d)
	if err != nil {
		return Report{}, err
	}
	began := d.now()
	if err := w.begin(ctx); err != nil {
		return Report{}, err
	}
	for _, step := range []func(context.Context) error{w.readRuns, w.readControls, w.putMeta, w.goneBefore, w.loadAll, w.removeErased, w.joinDecisions, w.raiseNumbers, w.setBack, w.foundWhole} {
		if err := step(ctx); err != nil {
			return w.report, err
		}
	}
	w.report.Seconds = d.now().Sub(began).Seconds()
	w.report.Rate = math.Round(float64(w.report.Components) / max(w.report.Seconds, 1e-3))
	return w.report, d.Redis.EndRebuilding(ctx)
}

func (d Deps) now() time.Time {
	if d.Now != nil {
		return d.Now()
	}
	return time.Now()
}

func newWork(cfg Config, d Deps) (*work, error) {
	if d.Stream == nil || d.Redis == nil {
		return nil, errors.New("rebuilding redis needs a stream and a redis")
	}
	if cfg.Group == "" {
		cfg.Group = resolver.Default().Group
	}
	if cfg.Margin == 0 {
		cfg.Margin = DefaultMargin
	}
	if cfg.Parallel == 0 {
		cfg.Parallel = 4
	}
	if cfg.Records == 0 {
		cfg.Records = loadRecords
	}
	if cfg.Progress == nil {
		cfg.Progress = func(string, int64, int64) {}
	}
	return &work{
		cfg: cfg, deps: d, cells: stateredis.NewCells(d.Redis), graph: stateredis.NewGraph(d.Redis), report: Report{Records: map[string]int64{}},
		through: map[string]uint64{}, rules: map[string]resolve.GraphMeta{}, from: map[string]int64{}, sees: map[string]uint64{}, high: map[string]uint64{},
	}, nil
}

// Notes of a rebuild, beside how far each partition is read.
const (
	begunField  = "begun"
	wipingField = "wiping" // what was there is not deleted whole, so what stands may be half of it
)

// begin makes sure that nobody else writes and that there is room, and finds out how far an earlier rebuild came.
func (w *work) begin(ctx context.Context) error {
	n, err := w.deps.Stream.Members(ctx, w.cfg.Group)
	if err != nil {
		return err //nolint:wrapcheck // says all
	}
	if n > 0 {
		return ErrResolverRuns
	}
	state, err := w.wiped(ctx)
	if err != nil {
		return err
	}
	if w.report.Resumed = len(state) > 0; w.report.Resumed {
		w.goOn(state)
		return nil
	}
	empty, err := w.deps.Redis.Empty(ctx)
	if err != nil {
		return err //nolint:wrapcheck // says all
	}
	if !empty {
		return ErrNotEmpty
	}
	return w.deps.Redis.NoteRebuilding(ctx, map[string]string{begunField: w.deps.now().UTC().Format(time.RFC3339)}) //nolint:wrapcheck // says all
}

// wiped deletes what Redis holds, if that is asked for or an earlier rebuild was cut short in it, and returns how far an earlier one came.
// It is noted before anything is deleted: half of a state that says nothing would be taken for a whole one.
func (w *work) wiped(ctx context.Context) (map[string]string, error) {
	r := w.deps.Redis
	if w.cfg.Wipe {
		if err := r.NoteRebuilding(ctx, map[string]string{wipingField: "begun"}); err != nil {
			return nil, err //nolint:wrapcheck // says all
		}
	}
	state, err := r.Rebuilding(ctx)
	if err != nil || state[wipingField] == "" {
		return state, err //nolint:wrapcheck // says all
	}
	if err := r.Wipe(ctx); err != nil {
		return nil, err //nolint:wrapcheck // says all
	}
	return nil, r.EndRebuilding(ctx) //nolint:wrapcheck // says all
}

// readControls learns up to where the changelogs of graphs are whole, and the rules.
func (w *work) readControls(ctx context.Context) error {
	w.stage("reading what the changelogs tell", 0)
	err := w.deps.Stream.ReadFrom(ctx, stream.TopicGraph, resolver.GraphControlPartition, 0, func(r stream.Record) error {
		if r.Value == nil {
			return nil
		}
		var c eventpb.Changelog
		if err := r.Decode(&c); err != nil {
			return fmt.Errorf("reading %s: %w", stream.TopicGraph, err)
		}
		switch string(c.GetKey()) {
		case resolver.GraphThrough:
			w.through[c.GetSpace()] = max(w.through[c.GetSpace()], c.GetVersion())
		case resolver.GraphRules:
			if c.GetVersion() >= w.rules[c.GetSpace()].Rules {
				w.rules[c.GetSpace()] = resolve.GraphMeta{Rules: c.GetVersion(), Content: c.GetValue()}
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("reading the controls of %s: %w", stream.TopicGraph, err)
	}
	return nil
}

// whole reports whether a version of a space is of a commit that is on the changelog whole. Of a space that never told, everything is taken.
func (w *work) whole(space string, version uint64) bool {
	through, told := w.through[space]
	return !told || version <= through
}

// putMeta sets the rules of spaces and raises their versions, before anything else is written there.
func (w *work) putMeta(ctx context.Context) error {
	spaces := map[string]bool{}
	for space := range w.through {
		spaces[space] = true
	}
	for space := range w.rules {
		spaces[space] = true
	}
	for space := range spaces {
		meta := w.rules[space]
		meta.Version = w.through[space]
		if err := w.graph.PutGraphMeta(ctx, space, meta); err != nil {
			return err //nolint:wrapcheck // says all
		}
	}
	return nil
}

// finishGraphs sets what is derived from the records of each space.
func (w *work) finishGraphs(ctx context.Context) error {
	for _, space := range slices.Sorted(maps.Keys(w.spaces())) {
		err := resolve.FinishLoad(ctx, w.graph, space, func(n int) {
			w.advance(int64(n))
			w.mu.Lock()
			defer w.mu.Unlock()
			w.report.Components += int64(n)
		})
		if err != nil {
			return fmt.Errorf("finishing the graph of a space: %w", err)
		}
	}
	return nil
}

// spaces are those that something was read of.
func (w *work) spaces() map[string]uint64 {
	w.mu.Lock()
	defer w.mu.Unlock()
	out := maps.Clone(w.sees)
	for space := range w.through {
		out[space] = max(out[space], 0)
	}
	return out
}

// stage begins a step of the progress.
func (w *work) stage(step string, total int64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.step, w.done, w.total = step, 0, total
	w.cfg.Progress(step, 0, total)
}

func (w *work) advance(n int64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.done += n
	w.cfg.Progress(w.step, w.done, max(w.total, w.done))
}
