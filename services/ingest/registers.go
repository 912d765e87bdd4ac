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
	eventpb "rcu/schemas/event"
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

// registers reads and joins consent registers, with a time-out and a breaker around Redis.
type registers struct {
	cells   Registers
	timeout time.Duration
	breaker *breaker
	results *prometheus.CounterVec // by operation and result
	log     *zap.Logger
}

func newRegisters(cells Registers, cfg Config, now func() time.Time, results *prometheus.CounterVec, log *zap.Logger) *registers {
	return &registers{cells: cells, timeout: cfg.ConsentTimeout, breaker: &breaker{rest: cfg.ConsentRest, now: now}, results: results, log: log}
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

// call asks Redis once, and logs when it went away or came back.
func (r *registers) call(ctx context.Context, operation string, f func(context.Context) error) error {
	changed, err := r.breaker.do(func() error {
		ctx, cancel := context.WithTimeout(ctx, r.timeout)
		defer cancel()
		return f(ctx)
	})
	result := "ok"
	switch {
	case errors.Is(err, errResting):
		result = "resting"
	case err != nil:
		result = "failed"
	}
	r.results.WithLabelValues(operation, result).Inc()
	if changed && err != nil {
		r.log.Warn("consent registers are away: nothing optional is collected", zap.Error(err))
	} else if changed {
		r.log.Info("consent registers are back")
	}
	return err
}

// load reads the registers of keys in one round trip.
func (r *registers) load(ctx context.Context, o *event.Origin, keys []identifier.Key) (points, error) {
	if len(keys) == 0 {
		return points{}, nil
	}
	names := make([]string, len(keys))
	for i, k := range keys {
		names[i] = resolve.ConsentCell(o.Space, o.Controller, k)
	}
	var cells []resolve.Cell
	err := r.call(ctx, "load", func(ctx context.Context) (err error) {
		cells, err = r.cells.LoadCells(ctx, names)
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
