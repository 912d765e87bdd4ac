package ingest

import (
	"context"
	"errors"
	"maps"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	"rcu/pkg/consent"
	"rcu/pkg/event"
	"rcu/pkg/identifier"
	"rcu/pkg/resolve"
	"rcu/pkg/resolve/stateredis"
	eventpb "rcu/schemas/event"
	"rcu/services/internal/whole"
)

// Registers is where consent registers lie (resolve.Cells).
type Registers interface {
	LoadCells(ctx context.Context, keys []string) ([]resolve.Cell, error)
	CommitCells(ctx context.Context, cells []resolve.Cell) ([]bool, error)
}

// joinTries bounds how often a register that others write too is read again.
const joinTries = 8

var (
	errContended  = errors.New("consent register kept changing")
	errUnreadable = errors.New("consent register is unreadable")
)

// Whole fails where what Redis shows may lack what people decided. What is read under the context that it returns is whole, or fails.
type Whole func(context.Context) (context.Context, error)

// registers reads and joins consent registers, with a time-out and a breaker around Redis.
type registers struct {
	cells   Registers
	whole   Whole
	timeout time.Duration
	breaker *breaker
	results *prometheus.CounterVec // by operation and result
	log     *zap.Logger
}

func newRegisters(cells Registers, state Whole, cfg Config, now func() time.Time, results *prometheus.CounterVec, log *zap.Logger) *registers {
	if state == nil {
		state = func(ctx context.Context) (context.Context, error) { return ctx, nil }
	}
	return &registers{cells: cells, whole: state, timeout: cfg.ConsentTimeout, breaker: &breaker{rest: cfg.ConsentRest, now: now}, results: results, log: log}
}

// half reports whether Redis answers and is not whole: what is decided can be put into it.
func half(err error) bool {
	return errors.Is(err, stateredis.ErrNotWhole) || errors.Is(err, whole.ErrBehind) || errors.Is(err, resolve.ErrStateMoved)
}

// point is the register of one contact point or device in a request.
type point struct {
	unreadable bool
	cell       resolve.Cell
	held       consent.Register // as Redis has it
	view       consent.Register // with what the request decides
}

// points are the registers of a request, which has one source and so one space and controller.
type points map[identifier.Key]*point

// call asks Redis once, and logs when it went away or came back. One that is not whole is there.
func (r *registers) call(ctx context.Context, operation string, f func(context.Context) error) error {
	var lacks error
	changed, err := r.breaker.do(func() error {
		ctx, cancel := context.WithTimeout(ctx, r.timeout)
		defer cancel()
		err := f(ctx)
		if half(err) {
			lacks, err = err, nil
		}
		return err
	})
	result := "ok"
	switch {
	case errors.Is(err, errResting):
		result = "resting"
	case err != nil:
		result = "failed"
	case lacks != nil:
		result = "not_whole"
	}
	r.results.WithLabelValues(operation, result).Inc()
	if changed && err != nil {
		r.log.Warn("consent registers are away: nothing optional is collected", zap.Error(err))
	} else if changed {
		r.log.Info("consent registers are back")
	}
	if err == nil {
		err = lacks
	}
	return err
}

// permitting reads the registers by which something is collected, from a state that was whole before and after: half a state shows a grant without the
// refusal that came after it, or no grant where there is one.
func (r *registers) permitting(ctx context.Context, o *event.Origin, keys []identifier.Key) (points, error) {
	return r.read(ctx, o, keys, func(ctx context.Context, names []string) (cells []resolve.Cell, err error) {
		if ctx, err = r.whole(ctx); err != nil {
			return nil, err
		}
		if cells, err = r.cells.LoadCells(ctx, names); err != nil {
			return nil, err //nolint:wrapcheck // says all
		}
		_, err = r.whole(ctx)
		return cells, err
	})
}

// load reads the registers of keys as they stand, to join decisions into them.
func (r *registers) load(ctx context.Context, o *event.Origin, keys []identifier.Key) (points, error) {
	return r.read(ctx, o, keys, r.cells.LoadCells)
}

func (r *registers) read(ctx context.Context, o *event.Origin, keys []identifier.Key, cellsOf func(context.Context, []string) ([]resolve.Cell, error)) (points, error) {
	if len(keys) == 0 {
		return points{}, nil
	}
	names := make([]string, len(keys))
	for i, k := range keys {
		names[i] = resolve.ConsentCell(o.Space, o.Controller, k)
	}
	var cells []resolve.Cell
	err := r.call(ctx, "load", func(ctx context.Context) (err error) {
		cells, err = cellsOf(ctx, names)
		return err
	})
	if err != nil {
		return nil, err
	}
	if len(cells) != len(keys) {
		return nil, errors.New("loading consent registers: as many cells as keys are wanted")
	}
	out := make(points, len(keys))
	for i, c := range cells {
		held, err := consent.DecodeRegister(c.Value)
		if err != nil { // nothing is known of this point: nothing optional is allowed on it
			r.results.WithLabelValues("decode", "failed").Inc()
			r.log.Error("consent register is unreadable", zap.Error(err))
		}
		out[keys[i]] = &point{unreadable: err != nil, cell: c, held: held, view: held}
	}
	return out, nil
}

// join puts decisions into the registers in Redis; it returns once they stand there. Known decisions write nothing.
func (r *registers) join(ctx context.Context, o *event.Origin, ps points, decisions []*eventpb.Decision) error {
	left := byPoint(decisions)
	for range joinTries {
		if missing := absent(ps, left); len(missing) > 0 {
			more, err := r.load(ctx, o, missing)
			if err != nil {
				return err
			}
			maps.Copy(ps, more)
		}
		if err := r.commit(ctx, ps, left); err != nil {
			return err
		}
		if len(left) == 0 {
			return nil
		}
	}
	return errContended
}

// commit writes the registers that the decisions change, and takes what stands off left. A register that somebody else
// wrote meanwhile is forgotten, so that it is read again.
func (r *registers) commit(ctx context.Context, ps points, left map[identifier.Key][]*eventpb.Decision) error {
	var keys []identifier.Key
	var cells []resolve.Cell
	var next []consent.Register
	for k, ds := range left {
		if ps[k].unreadable {
			return errUnreadable
		}
		reg, changed := ps[k].held.JoinAll(ds...)
		if !changed {
			delete(left, k)
			continue
		}
		cell := ps[k].cell
		cell.Value = reg.Encode()
		keys, cells, next = append(keys, k), append(cells, cell), append(next, reg)
	}
	if len(cells) == 0 {
		return nil
	}
	var written []bool
	err := r.call(ctx, "join", func(ctx context.Context) (err error) {
		written, err = r.cells.CommitCells(ctx, cells)
		return err
	})
	for i, k := range keys {
		if err == nil && written[i] {
			ps[k].held = next[i]
			ps[k].cell.Version = cells[i].Version
			delete(left, k)
		} else {
			delete(ps, k)
		}
	}
	return err
}

func byPoint(decisions []*eventpb.Decision) map[identifier.Key][]*eventpb.Decision {
	out := make(map[identifier.Key][]*eventpb.Decision, len(decisions))
	for _, d := range decisions {
		if k, ok := keyOf(d.GetPoint()); ok {
			out[k] = append(out[k], d)
		}
	}
	return out
}

func absent(ps points, left map[identifier.Key][]*eventpb.Decision) []identifier.Key {
	var out []identifier.Key
	for k := range left {
		if ps[k] == nil {
			out = append(out, k)
		}
	}
	return out
}
