package consentapi

import (
	"context"
	"errors"
	"fmt"
	"time"

	"rcu/pkg/consent"
	"rcu/pkg/contact"
	"rcu/pkg/identifier"
	"rcu/pkg/resolve"
	eventpb "rcu/schemas/event"
)

// Cells is where consent registers lie (resolve.Cells).
type Cells interface {
	LoadCells(ctx context.Context, keys []string) ([]resolve.Cell, error)
	CommitCells(ctx context.Context, cells []resolve.Cell) ([]bool, error)
}

var (
	errContended  = errors.New("consent register kept changing")
	errUnreadable = errors.New("consent register is unreadable")
	errFull       = errors.New("consent register has no room")
)

// joinTries bounds how often a register that others write too is read again.
const joinTries = 16

// registers reads and joins consent registers.
type registers struct {
	cells   Cells
	timeout time.Duration
}

// load reads the registers of points; one that cannot be read is marked.
func (r registers) load(ctx context.Context, space, controller string, keys []identifier.Key) ([]consent.Point, error) {
	_, points, err := r.cellsOf(ctx, space, controller, keys)
	return points, err
}

// cellsOf reads the registers of points with the cells that they lie in.
func (r registers) cellsOf(ctx context.Context, space, controller string, keys []identifier.Key) ([]resolve.Cell, []consent.Point, error) {
	ctx, cancel := context.WithTimeout(ctx, r.timeout)
	defer cancel()
	names := make([]string, len(keys))
	for i, k := range keys {
		names[i] = resolve.ConsentCell(space, controller, k)
	}
	cells, err := r.cells.LoadCells(ctx, names)
	if err != nil {
		return nil, nil, fmt.Errorf("reading consent registers: %w", err)
	}
	out := make([]consent.Point, len(keys))
	for i, c := range cells {
		register, err := consent.DecodeRegister(c.Value)
		out[i] = consent.Point{Key: keys[i], Register: register, Unreadable: err != nil}
	}
	return cells, out, nil
}

// put joins a decision into the cell that was read; false: somebody else wrote it meanwhile.
func (r registers) put(ctx context.Context, c resolve.Cell, d *eventpb.Decision) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, r.timeout)
	defer cancel()
	joined, differs, err := resolve.JoinDecisions(c.Key, c.Value, []*eventpb.Decision{d})
	switch {
	case err != nil:
		return false, err //nolint:wrapcheck // says all
	case !differs:
		return false, errFull
	}
	c.Value = joined
	written, err := r.cells.CommitCells(ctx, []resolve.Cell{c})
	if err != nil {
		return false, fmt.Errorf("writing a consent register: %w", err)
	}
	return written[0], nil
}

// lived says of the points of a person when they last did something with the controller, where that decides: a grant ends after years of nothing.
func (s *Service) lived(ctx context.Context, space, controller string, points []consent.Point) error {
	now := s.now().Unix() + 1 // as the page asks
	if s.deps.Records == nil || !consent.Quiet(points, now) {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, s.cfg.RedisTimeout)
	defer cancel()
	people, err := s.deps.Records.People(ctx, space, []identifier.Key{points[0].Key}, now)
	if err != nil {
		return fmt.Errorf("reading what a person did: %w", err)
	}
	consent.Acted(points, people[0].LastAct(controller))
	return nil
}

// wishes reads what was wished at points.
func (r registers) wishes(ctx context.Context, space, controller string, keys []identifier.Key) ([]contact.Book, error) {
	ctx, cancel := context.WithTimeout(ctx, r.timeout)
	defer cancel()
	names := make([]string, len(keys))
	for i, k := range keys {
		names[i] = resolve.WishCell(space, controller, k)
	}
	cells, err := r.cells.LoadCells(ctx, names)
	if err != nil {
		return nil, fmt.Errorf("reading wishes: %w", err)
	}
	out := make([]contact.Book, len(keys))
	for i, c := range cells {
		if out[i], err = contact.DecodeBook(c.Value); err != nil {
			return nil, err //nolint:wrapcheck // says all
		}
	}
	return out, nil
}

// join puts decisions into the registers of their points; it returns once all of them stand there. Known ones write nothing.
func (r registers) join(ctx context.Context, ds []*eventpb.Decision) error {
	ctx, cancel := context.WithTimeout(ctx, r.timeout)
	defer cancel()
	left := map[string][]*eventpb.Decision{}
	for _, d := range ds {
		k, ok := keyOf(d)
		if !ok {
			continue
		}
		name := resolve.DecisionCell(d, k)
		left[name] = append(left[name], d)
	}
	damaged := false
	for range joinTries {
		bad, err := r.joinOnce(ctx, left)
		damaged = damaged || bad
		switch {
		case err != nil:
			return err
		case len(left) == 0 && damaged:
			return errUnreadable
		case len(left) == 0:
			return nil
		}
	}
	return errContended
}

// joinOnce reads, joins and writes; what somebody else wrote meanwhile stays left. A register that cannot be read is left as it is: nothing
// optional is allowed on its point, and nothing is sent to it.
func (r registers) joinOnce(ctx context.Context, left map[string][]*eventpb.Decision) (damaged bool, err error) {
	names := make([]string, 0, len(left))
	for name := range left {
		names = append(names, name)
	}
	cells, err := r.cells.LoadCells(ctx, names)
	if err != nil {
		return false, fmt.Errorf("reading consent registers: %w", err)
	}
	var changed []resolve.Cell
	for _, c := range cells {
		joined, differs, err := resolve.JoinDecisions(c.Key, c.Value, left[c.Key])
		if err != nil {
			damaged = true
			delete(left, c.Key)
			continue
		}
		if !differs {
			delete(left, c.Key)
			continue
		}
		c.Value = joined
		changed = append(changed, c)
	}
	if len(changed) == 0 {
		return damaged, nil
	}
	written, err := r.cells.CommitCells(ctx, changed)
	if err != nil {
		return damaged, fmt.Errorf("writing consent registers: %w", err)
	}
	for i, c := range changed {
		if written[i] {
			delete(left, c.Key)
		}
	}
	return damaged, nil
}

// keyOf is the point of a decision.
func keyOf(d *eventpb.Decision) (identifier.Key, bool) {
	p, err := identifier.ParsePseudonym(d.GetPoint().GetPseudonym())
	return identifier.KeyOf(identifier.Namespace(d.GetPoint().GetNamespace()), p), err == nil
}
