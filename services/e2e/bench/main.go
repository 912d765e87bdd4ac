package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"runtime"
	"time"

	"rcu/services/internal/boot"
)

func main() { os.Exit(boot.Main("bench", boot.OS(), run)) }

// options of a run.
type options struct {
	events  int
	warm    int
	people  int
	skew    float64
	batch   int
	workers int
	reads   int
	seconds int
	half    int
	steady  int
	rate    float64
	growth  int
	json    bool
	rcu     string
	root    string
	keep    string
	only    string
	index   string // folder whose keys and Redis the stack begins with; empty: none
	tables  string // settings of every table of ClickHouse; empty: as they are migrated
}

func parse(args []string, stderr io.Writer) (options, error) {
	var o options
	f := flag.NewFlagSet("bench", flag.ContinueOnError)
	f.SetOutput(stderr)
	f.IntVar(&o.events, "events", 100_000, "events sent while the clock runs")
	f.IntVar(&o.warm, "warm", 5_000, "events sent before it starts")
	f.IntVar(&o.people, "people", 20_000, "customers of the load; a quarter of them granted browsing")
	f.Float64Var(&o.skew, "skew", 1.1, "skew of the Zipf popularity of customers")
	f.IntVar(&o.batch, "batch", 200, "events of a request")
	f.IntVar(&o.workers, "workers", 8, "requests under way at once")
	f.IntVar(&o.reads, "reads", 4_000, "profiles read")
	f.IntVar(&o.seconds, "seconds", 60, "deadline of each timed part")
	f.IntVar(&o.half, "half", 20, "seconds at half of the rate that was found, while single orders are measured; 0: none")
	f.IntVar(&o.steady, "steady", 0, "seconds at --rate, while the backlog is watched; 0: none")
	f.Float64Var(&o.rate, "rate", 0, "events a second of --steady; 0: four fifths of the rate that was found")
	f.IntVar(&o.growth, "growth", 0, "instead: record so many customers, and measure at sizes that double from 100,000 on")
	o.where(f)
	f.StringVar(&o.only, "only", "", "real or copy: leave the other path out")
	if err := boot.ParseFlags(f, args); err != nil {
		return o, err
	}
	if o.half < 0 || o.steady < 0 || o.growth < 0 || o.rate < 0 || o.rate > fastest {
		return o, &boot.UsageError{Err: fmt.Errorf("--half, --steady, --growth and --rate must be at least 0, and --rate at most %d", fastest)}
	}
	if o.events < 1 || o.warm < 1 || o.people < 1 || o.batch < 1 || o.batch > 1000 || o.workers < 1 || o.seconds < 1 {
		return o, &boot.UsageError{Err: errors.New("all numbers must be at least 1, and a batch at most 1000")}
	}
	return o, nil
}

// fastest is more than any machine of this size carries.
const fastest = 20_000

// further is the number of events that the parts at a fixed rate send at most.
func (o options) further() int { return (o.half + o.steady) * fastest }

// run measures, or is one of the program's own children.
func run(ctx context.Context, world boot.IO) error {
	if len(world.Args) > 0 {
		switch world.Args[0] {
		case "copy":
			return runCopy(ctx, world.Args[1:])
		case "raw":
			return runRaw(ctx, world.Args[1:])
		case "history":
			return runHistory(ctx, world, world.Args[1:])
		case "withdraw":
			return runWithdraw(ctx, world, world.Args[1:])
		case "suppress":
			return runSuppress(ctx, world, world.Args[1:])
		case "suggest":
			return runSuggest(ctx, world, world.Args[1:])
		case "trial":
			return runTrial(ctx, world, world.Args[1:])
		case "readers":
			return runReaders(ctx, world, world.Args[1:])
		case "suggest-index":
			return runSuggestIndex(ctx, world, world.Args[1:])
		}
	}
	runtime.LockOSThread() // children end with the thread that started them
	o, err := parse(world.Args, world.Stderr)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, time.Duration(3*o.seconds+180+2*(o.half+o.steady)+o.growth/500)*time.Second)
	defer cancel()
	r, err := measure(ctx, o, telling(world))
	if err != nil {
		return err
	}
	return o.report(world, r)
}

// measure runs all parts.
func measure(ctx context.Context, o options, say func(string, ...any)) (*report, error) {
	if o.growth > 0 {
		o.events, o.warm = 1, 1 // it has an input of its own
	}
	say("generating %d events of %d customers", o.events+o.warm, o.people)
	in, err := generate(o)
	if err != nil {
		return nil, err
	}
	r := &report{Machine: machineOf(ctx, o.root), Settings: settingsOf(o)}
	if o.growth > 0 {
		return r, growth(ctx, o, in, r, say)
	}
	if o.only != "copy" {
		if r.Real, err = measurePath(ctx, o, in, realPath, r, say); err != nil {
			return nil, fmt.Errorf("measuring the real path: %w", err)
		}
	}
	if o.only != "real" {
		if r.Copy, err = measurePath(ctx, o, in, copyPath, r, say); err != nil {
			return nil, fmt.Errorf("measuring the plain copy: %w", err)
		}
	}
	if o.only == "" {
		r.Ratio = ratio(r.Real.ClickHouseRate, r.Copy.ClickHouseRate)
		say("dividing components")
		if r.Partition, err = partition(ctx, o.root); err != nil {
			return nil, err
		}
	}
	return r, nil
}

func ratio(a, b float64) float64 {
	if b == 0 {
		return 0
	}
	return a / b
}
