package main

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"rcu/services/internal/boot"
	"rcu/services/internal/demo"
)

// demoCmd streams a made-up chain of shops.
type demoCmd struct {
	Host   string        `default:"127.0.0.1" help:"Host of the four ingestors."`
	Seed   uint64        `default:"1" help:"Same seed, same events."`
	People int           `default:"500" help:"Customers of the chain."`
	From   string        `default:"2026-01-01" placeholder:"DATE" help:"First day."`
	To     string        `default:"2026-07-01" placeholder:"DATE" help:"Last day."`
	Skew   float64       `default:"0" help:"Above 1: few customers do most (Zipf)."`
	Settle time.Duration `default:"2s" help:"Pause between the decisions about consent and what needs them."`
	Live   float64       `default:"0" placeholder:"N" help:"After the history: N events a second, until Ctrl-C."`
	Out    string        `type:"path" placeholder:"DIR" help:"Write the events as files, with truth.csv beside them, and send nothing."`
}

// Help gives the example.
func (demoCmd) Help() string {
	return "The sources are those of rcu up, with the keys that it made. Streaming a history twice counts once.\n\nExample:\n\n  rcu demo --people 2000 --live 50"
}

// Run streams or writes the demonstration.
func (c demoCmd) Run(ctx context.Context, a *app) error {
	history, err := c.history()
	if err != nil {
		return err
	}
	if c.Out != "" {
		return c.write(a, history)
	}
	keys, err := home{a.data}.sourceKeys()
	if err != nil {
		return err
	}
	urls, err := home{a.data}.ingestURLs(c.Host)
	if err != nil {
		return err
	}
	if len(keys) == 0 {
		return &boot.UsageError{Err: fmt.Errorf("demo needs the keys of its sources in %s: start rcu up with the same --data first", home{a.data}.path(sourceKeysFile))}
	}
	b := newMeter(a, "streaming")
	cfg := demo.StreamConfig{URLs: urls, Keys: keys, Progress: func(n demo.Counts) { b.set(n.Sent) }, Waiting: a.waiting}
	counts, err := demo.Replay(ctx, cfg, history, c.Settle)
	b.done()
	if err != nil {
		return fmt.Errorf("streaming the demonstration: %w", err)
	}
	if c.Live > 0 {
		cfg.Rate = c.Live
		load := demo.NewLoad(demo.LoadConfig{Seed: uint64(time.Now().Unix()), People: 10 * c.People, Start: time.Now(), Every: time.Duration(float64(time.Second) / c.Live)}) //nolint:gosec // after 1970: ids that no earlier stream used
		a.say("history streamed; %g events a second until Ctrl-C", c.Live)
		more, err := demo.Stream(ctx, cfg, func() (demo.Event, bool) { return load.Next(), ctx.Err() == nil })
		counts.Sent += more.Sent
		counts.Outcome.Add(more.Outcome)
		if err != nil && !errors.Is(err, context.Canceled) {
			return fmt.Errorf("streaming live events: %w", err)
		}
	}
	return a.answer(counts, func(w io.Writer) {
		_, _ = fmt.Fprintf(w, "sent %d events: %d accepted, %d dropped without consent, %d rejected\n",
			counts.Sent, counts.Outcome.Accepted, sum(counts.Outcome.Dropped), counts.Outcome.Refused())
	})
}

func (c demoCmd) history() (demo.Config, error) {
	cfg := demo.Config{Seed: c.Seed, People: c.People, Skew: c.Skew}
	var err error
	if cfg.From, err = time.Parse(time.DateOnly, c.From); err != nil {
		return cfg, errors.New("reading --from: must be a date like 2026-01-01")
	}
	if cfg.To, err = time.Parse(time.DateOnly, c.To); err != nil {
		return cfg, errors.New("reading --to: must be a date like 2026-07-01")
	}
	return cfg, cfg.Validate() //nolint:wrapcheck // names the fields
}

func sum(m map[string]int) int {
	n := 0
	for _, v := range m {
		n += v
	}
	return n
}

// write puts the events of each source into <channel>.<source>.ndjson, and whom each is about into truth.csv.
func (c demoCmd) write(a *app, history demo.Config) (err error) {
	g, err := demo.New(history)
	if err != nil {
		return err //nolint:wrapcheck // says all
	}
	if err := os.MkdirAll(c.Out, 0o750); err != nil {
		return fmt.Errorf("making folder: %w", err)
	}
	files := map[string]*os.File{}
	open := func(name string) (*os.File, error) {
		if f, ok := files[name]; ok {
			return f, nil
		}
		f, err := os.Create(filepath.Join(c.Out, name)) //nolint:gosec // the folder that the user names
		if err != nil {
			return nil, fmt.Errorf("making file: %w", err)
		}
		files[name] = f
		return f, nil
	}
	defer func() {
		for _, f := range files {
			err = errors.Join(err, f.Close())
		}
	}()
	truth, err := open("truth.csv")
	if err != nil {
		return err
	}
	t := csv.NewWriter(truth)
	_ = t.Write([]string{"source", "id", "person"}) // kept by the writer: Error below
	for e := range g.All() {
		f, err := open(e.Channel + "." + e.Source + ".ndjson")
		if err != nil {
			return err
		}
		if _, err := f.Write(append(e.JSON, '\n')); err != nil {
			return fmt.Errorf("writing events: %w", err)
		}
		_ = t.Write([]string{e.Source, e.ID, strconv.Itoa(e.Person)})
	}
	t.Flush()
	if err := t.Error(); err != nil {
		return fmt.Errorf("writing truth: %w", err)
	}
	return a.answer(map[string]int{"events": g.Len()}, func(w io.Writer) { _, _ = fmt.Fprintf(w, "wrote %d events to %s\n", g.Len(), c.Out) })
}
