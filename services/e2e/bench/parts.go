package main

import (
	"context"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"
)

// tables lists RCU's tables in ClickHouse.
func (s *stack) tables(ctx context.Context) ([]string, error) {
	text, err := s.ask(ctx, "SELECT name FROM system.tables WHERE database = 'rcu' AND engine LIKE '%MergeTree' AND name != 'schema_migrations' ORDER BY name")
	return strings.Fields(text), err
}

// tune gives the tables the settings that were asked for.
func (s *stack) tune(ctx context.Context) error {
	if s.o.tables == "" {
		return nil
	}
	all, err := s.tables(ctx)
	if err != nil {
		return err
	}
	for _, t := range all {
		if _, err := s.ask(ctx, "ALTER TABLE "+t+" MODIFY SETTING "+s.o.tables); err != nil {
			return fmt.Errorf("setting up table %s: %w", t, err)
		}
	}
	return nil
}

// written is what a table cost: what came in, and what merges wrote again.
type written struct {
	Table   string  `json:"table"`
	Inserts int     `json:"inserts"`
	Rows    int64   `json:"rows"`
	MB      float64 `json:"mb"` // uncompressed
	Merges  int     `json:"merges"`
	Again   int64   `json:"rows_again"`
	AgainMB float64 `json:"mb_again"`
	Parts   float64 `json:"parts"` // that a reader finds, in the mean
	Most    int     `json:"parts_most"`
}

// partsEvery is how often parts are looked at: less than what merges replaced stays there.
const partsEvery = 2 * time.Second

// partsWatch looks at the parts of all tables: the engine keeps no log of them.
type partsWatch struct {
	stack *stack
	seen  map[string]bool
	of    map[string]*written
	looks int
}

func newPartsWatch(s *stack) *partsWatch {
	return &partsWatch{stack: s, seen: map[string]bool{}, of: map[string]*written{}}
}

// begin takes note of what is there, which counts for nothing.
func (w *partsWatch) begin(ctx context.Context) error {
	if err := w.look(ctx); err != nil {
		return err
	}
	w.of, w.looks = map[string]*written{}, 0
	return nil
}

// run looks until ctx ends.
func (w *partsWatch) run(ctx context.Context) error {
	tick := time.NewTicker(partsEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		if err := w.look(context.WithoutCancel(ctx)); err != nil {
			return err
		}
	}
}

func (w *partsWatch) look(ctx context.Context) error {
	text, err := w.stack.ask(ctx, "SELECT table, name, level, rows, data_uncompressed_bytes, active FROM system.parts WHERE database = 'rcu'")
	if err != nil {
		return err
	}
	w.looks++
	active := map[string]int{}
	for line := range strings.Lines(text) {
		f := strings.Split(strings.TrimSpace(line), "\t")
		if len(f) != 6 || f[0] == "schema_migrations" {
			continue
		}
		if f[5] == "1" {
			active[f[0]]++
		}
		if err := w.take(f); err != nil {
			return err
		}
	}
	for table, n := range active {
		x := w.table(table)
		x.Parts += float64(n)
		x.Most = max(x.Most, n)
	}
	return nil
}

// take counts a part once.
func (w *partsWatch) take(f []string) error {
	if w.seen[f[0]+"/"+f[1]] {
		return nil
	}
	w.seen[f[0]+"/"+f[1]] = true
	rows, err := strconv.ParseInt(f[3], 10, 64)
	if err != nil {
		return fmt.Errorf("reading the rows of a part: %w", err)
	}
	bytes, err := strconv.ParseFloat(f[4], 64)
	if err != nil {
		return fmt.Errorf("reading the size of a part: %w", err)
	}
	x := w.table(f[0])
	if f[2] == "0" {
		x.Inserts, x.Rows, x.MB = x.Inserts+1, x.Rows+rows, x.MB+bytes/1e6
	} else {
		x.Merges, x.Again, x.AgainMB = x.Merges+1, x.Again+rows, x.AgainMB+bytes/1e6
	}
	return nil
}

func (w *partsWatch) table(name string) *written {
	if w.of[name] == nil {
		w.of[name] = &written{Table: name}
	}
	return w.of[name]
}

// all is what every table cost, the dearest first.
func (w *partsWatch) all() []written {
	var out []written
	for _, x := range w.of {
		y := *x
		y.Parts /= float64(max(w.looks, 1))
		out = append(out, y)
	}
	slices.SortFunc(out, func(a, b written) int { return int(b.MB + b.AgainMB - a.MB - a.AgainMB) })
	return out
}

func printWritten(to io.Writer, all []written) {
	_, _ = fmt.Fprintln(to, "table\tinserts\trows\tMB\tmerges\trows again\tMB again\tparts\tat most")
	for _, x := range all {
		_, _ = fmt.Fprintf(to, "%s\t%d\t%d\t%.1f\t%d\t%d\t%.1f\t%.1f\t%d\n", x.Table, x.Inserts, x.Rows, x.MB, x.Merges, x.Again, x.AgainMB, x.Parts, x.Most)
	}
}

// threadCPU is the processor time of a process by the names of its threads. What threads did that have ended is not there.
func threadCPU(pid int) (map[string]time.Duration, error) {
	dir := "/proc/" + strconv.Itoa(pid) + "/task"
	list, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("listing threads: %w", err)
	}
	out := map[string]time.Duration{}
	for _, t := range list {
		raw, err := os.ReadFile(dir + "/" + t.Name() + "/stat") //nolint:gosec // of /proc
		if err != nil {
			continue // it has ended
		}
		text := string(raw)
		open, end := strings.IndexByte(text, '('), strings.LastIndexByte(text, ')')
		if f := strings.Fields(text[end+1:]); open >= 0 && len(f) >= 13 {
			d, err := sumTicks(f[11:13])
			if err != nil {
				return nil, err
			}
			out[text[open+1:end]] += d
		}
	}
	return out, nil
}

// printThreads writes the names that took most between two times, a second or an event.
func printThreads(to io.Writer, before, after map[string]time.Duration, per float64, unit string) {
	used := map[string]float64{}
	for name, d := range after {
		used[name] = (d - before[name]).Seconds()
	}
	names := slices.SortedFunc(maps.Keys(used), func(a, b string) int { return int(1e3 * (used[b] - used[a])) })
	_, _ = fmt.Fprintf(to, "ClickHouse by thread, %s:", unit)
	for _, name := range names[:min(len(names), 6)] {
		_, _ = fmt.Fprintf(to, " %s %.3g", name, used[name]*per)
	}
	_, _ = fmt.Fprintln(to)
}
