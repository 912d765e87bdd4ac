package matcher

import (
	"context"
	"fmt"
	"time"

	"rcu/pkg/consent"
	"rcu/pkg/identifier"
	"rcu/pkg/resolve"
)

// overlays tell whose record is closed: restricted, erased, or of somebody who died. Such a record is stored, and nobody is suggested for it.
type overlays struct {
	people *resolve.Reader
	cells  resolve.Cells
}

func overlaysOf(graph *resolve.Graph, cells resolve.Cells) overlays {
	return overlays{resolve.NewReader(graph, cells), cells}
}

// closed lists those of some people, each by an identifier, whose record some controller has closed. A register that cannot be read closes it, too.
func (o overlays) closed(ctx context.Context, space string, keys []identifier.Key, now time.Time) (map[identifier.Key]bool, error) {
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
	out := map[identifier.Key]bool{}
	for i, c := range cells {
		register, err := consent.DecodeRegister(c.Value)
		if err != nil || consent.Closed([]consent.Point{{Key: whose[i], Register: register}}, now.Unix()) != "" {
			out[whose[i]] = true
		}
	}
	return out, nil
}
