package matcher

import (
	"context"
	"fmt"
	"time"

	"rcu/pkg/consent"
	"rcu/pkg/identifier"
	"rcu/pkg/resolve"
)

// overlays tell whose record is closed: restricted, erased, or of somebody who died. Such a record is stored, and matched with nobody.
type overlays struct {
	people *resolve.Reader
	cells  resolve.Cells
}

func overlaysOf(graph *resolve.Graph, cells resolve.Cells) overlays {
	return overlays{resolve.NewReader(graph, cells), cells}
}

// restraint is what the overlays of a person forbid of their record.
type restraint int

const (
	unrestrained restraint = iota
	stewardOnly            // a minor's: nobody is linked to it unless a steward says so
	closed                 // nobody is suggested for it, either
)

// of tells the restraints of some people, each by an identifier: the strictest of all controllers and points. A register that cannot be read
// closes the record.
func (o overlays) of(ctx context.Context, space string, keys []identifier.Key, now time.Time) (map[identifier.Key]restraint, error) {
	if len(keys) == 0 {
		return nil, nil
	}
	people, err := o.people.People(ctx, space, keys, now.Unix())
	if err != nil {
		return nil, fmt.Errorf("reading people: %w", err)
	}
	var names []string
	var whose []identifier.Key
	for i, p := range people {
		for controller := range p.Controllers() {
			for _, m := range p.Members {
				names, whose = append(names, resolve.ConsentCell(space, controller, m)), append(whose, keys[i])
			}
		}
	}
	cells, err := o.cells.LoadCells(ctx, names)
	if err != nil {
		return nil, fmt.Errorf("reading consent registers: %w", err)
	}
	out := map[identifier.Key]restraint{}
	for i, c := range cells {
		out[whose[i]] = max(out[whose[i]], restraintOf(c.Value, now.Unix()))
	}
	return out, nil
}

// restraintOf is what one register forbids.
func restraintOf(packed []byte, now int64) restraint {
	register, err := consent.DecodeRegister(packed)
	switch {
	case err != nil || consent.Closed([]consent.Point{{Register: register}}, now) != "":
		return closed
	case register.On(consent.Minor, now):
		return stewardOnly
	}
	return unrestrained
}
