package stateredis

import (
	"context"
	"fmt"

	"github.com/redis/go-redis/v9"
)

const (
	runFunction   = "rcu_run_v1"
	foundFunction = "rcu_run_found_whole_v1"
)

// Run is one life of the process of a master: from its start, or from when it took over, to its end.
type Run struct {
	Node  string // its address, for logs
	ID    string // given by the server at its start
	Whole bool   // FoundWhole was said of it

	key string
}

func (m master) run() string { return "{" + m.tag + "}:rcu:run" }

// Runs tells of every master which run it is in. A server that starts again, or a replica that takes over, is in another one: it may lack the
// last seconds of writes, and is not whole before somebody found it so.
func (m *Markers) Runs(ctx context.Context) ([]Run, error) {
	masters, err := m.nodes(ctx)
	if err != nil {
		return nil, err
	}
	cmds := make([]*redis.Cmd, len(masters))
	err = NewCells(m.c).pipeline(ctx, func(p redis.Pipeliner) {
		for i, node := range masters {
			cmds[i] = p.FCall(ctx, runFunction, []string{node.run()})
		}
	})
	if err != nil {
		return nil, fmt.Errorf("asking redis for its run: %w", err)
	}
	out := make([]Run, len(masters))
	for i, cmd := range cmds {
		answer, err := cmd.StringSlice()
		if err != nil || len(answer) != 2 {
			return nil, fmt.Errorf("asking redis for its run: %w", ErrCorrupt)
		}
		out[i] = Run{Node: masters[i].addr, ID: answer[0], Whole: answer[0] == answer[1], key: masters[i].run()}
	}
	return out, nil
}

// FoundWhole notes of runs that they hold everything that was decided before them. A server that is in another run by now keeps what it has.
func (m *Markers) FoundWhole(ctx context.Context, runs []Run) error {
	err := NewCells(m.c).pipeline(ctx, func(p redis.Pipeliner) {
		for _, r := range runs {
			p.FCall(ctx, foundFunction, []string{r.key}, r.ID)
		}
	})
	if err != nil {
		return fmt.Errorf("noting that redis is whole: %w", err)
	}
	return nil
}
