package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"rcu/services/e2e/chaos/fleet"
	"rcu/services/e2e/chaos/load"
	"rcu/services/internal/boot"
)

func main() { os.Exit(boot.Main("scaleout", boot.OS(), run)) }

// most is the largest number of members of a kind.
const most = 16

// options of a run.
type options struct {
	seed       uint64
	steps      []int
	seconds    int
	rate       float64
	throughput bool
	events     int
	broker     string
	program    string
	root       string
	json       bool
}

func parse(args []string, stderr io.Writer) (options, error) {
	var o options
	steps := ""
	f := flag.NewFlagSet("scaleout", flag.ContinueOnError)
	f.SetOutput(stderr)
	f.Uint64Var(&o.seed, "seed", 1, "of the load")
	f.StringVar(&steps, "steps", "1,3,2,1", "how many resolvers and sinks run, one after the other (with --throughput: 1,2,3)")
	f.IntVar(&o.seconds, "seconds", 10, "how long each number of them runs under load")
	f.Float64Var(&o.rate, "rate", 300, "events a second")
	f.BoolVar(&o.throughput, "throughput", false, "measure how fast each number of them works off a backlog; for a machine that does nothing else")
	f.IntVar(&o.events, "events", 60_000, "events of the backlog")
	f.StringVar(&o.broker, "broker", "embedded", "embedded or apache")
	f.StringVar(&o.program, "rcu", ".bin/rcu", "the program to run")
	f.StringVar(&o.root, "root", ".", "folder of the repository")
	f.BoolVar(&o.json, "json", false, "print the figures as JSON")
	if err := boot.ParseFlags(f, args); err != nil {
		return o, err
	}
	if o.throughput && steps == "1,3,2,1" {
		steps = "1,2,3"
	}
	for word := range strings.SplitSeq(steps, ",") {
		n, err := strconv.Atoi(strings.TrimSpace(word))
		if err != nil || n < 1 || n > most {
			return o, &boot.UsageError{Err: fmt.Errorf("steps: numbers from 1 to %d, separated by commas", most)}
		}
		o.steps = append(o.steps, n)
	}
	if o.seconds < 1 || o.rate <= 0 || o.events < 1 || (o.broker != "embedded" && o.broker != "apache") {
		return o, &boot.UsageError{Err: errors.New("all numbers must be above 0, and the broker embedded or apache")}
	}
	return o, nil
}

func run(ctx context.Context, world boot.IO) error {
	o, err := parse(world.Args, world.Stderr)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, 30*time.Minute)
	defer cancel()
	began := time.Now()
	say := func(format string, args ...any) {
		_, _ = fmt.Fprintf(world.Stderr, "scaleout: %6.1fs %s\n", time.Since(began).Seconds(), fmt.Sprintf(format, args...))
	}
	var r *report
	if o.throughput {
		r, err = throughput(ctx, o, say)
	} else {
		r, err = joinAndLeave(ctx, o, say)
	}
	if err != nil {
		return err
	}
	if o.json {
		err = boot.PrintJSON(world.Stdout, r)
	} else {
		err = r.print(world.Stdout)
	}
	if err != nil {
		return fmt.Errorf("printing the figures: %w", err)
	}
	if !r.clean() {
		return &boot.Silent{Code: boot.ExitError}
	}
	return nil
}

// launch starts an installation of so many members in a folder of its own, and returns what removes both.
func launch(ctx context.Context, o options, members int) (f *fleet.Fleet, end func(), err error) {
	dir, err := os.MkdirTemp("", "rcu-scaleout-*")
	if err != nil {
		return nil, nil, fmt.Errorf("making a folder: %w", err)
	}
	cfg := fleet.Config{Program: o.program, Dir: dir, Sources: load.Sources(), Resolvers: members, Sinks: members}
	if o.broker == "apache" {
		cfg.Apache = filepath.Join(o.root, "scripts", "kafka")
	}
	if f, err = fleet.Launch(ctx, cfg); err != nil {
		return nil, nil, errors.Join(fmt.Errorf("starting the installation: %w", err), os.RemoveAll(dir))
	}
	return f, func() { f.Close(); _ = os.RemoveAll(dir) }, nil
}
