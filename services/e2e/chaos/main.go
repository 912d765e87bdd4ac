package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"rcu/services/internal/boot"
)

func main() { os.Exit(boot.Main("chaos", boot.OS(), run)) }

// options of a run.
type options struct {
	seed    uint64
	kills   int
	broker  string
	targets string
	losses  float64
	pauses  float64
	rate    float64
	session time.Duration
	program string
	root    string
	keep    string
	json    bool
}

func parse(args []string, stderr io.Writer) (options, error) {
	var o options
	f := flag.NewFlagSet("chaos", flag.ContinueOnError)
	f.SetOutput(stderr)
	f.Uint64Var(&o.seed, "seed", 1, "of the load, the victims and the moments")
	f.IntVar(&o.kills, "kills", 20, "times to kill, each a process or two at once")
	f.StringVar(&o.broker, "broker", "embedded", "embedded or apache")
	f.StringVar(&o.targets, "targets", "", "kinds of processes to kill, separated by commas (default: all): "+strings.Join(kinds(), ", "))
	f.Float64Var(&o.losses, "losses", lossShare, "share of the kills of redis that take what it wrote in its last two seconds, as a loss of power does")
	f.Float64Var(&o.pauses, "pauses", pauseShare, "share of the kills before which some process begins to stand still for 1 to 15 s")
	f.Float64Var(&o.rate, "rate", 300, "events a second")
	f.DurationVar(&o.session, "session", 3*time.Second, "after how long a group goes on without a member that was killed")
	f.StringVar(&o.program, "rcu", ".bin/rcu", "the program to kill")
	f.StringVar(&o.root, "root", ".", "folder of the repository")
	f.StringVar(&o.keep, "keep", "", "keep data and logs in this folder (default: only those of a run that found something)")
	f.BoolVar(&o.json, "json", false, "print the report as JSON before the last line")
	if err := boot.ParseFlags(f, args); err != nil {
		return o, err
	}
	if o.kills < 0 || o.rate <= 0 {
		return o, &boot.UsageError{Err: errors.New("kills must not be negative, and the rate must be above 0")}
	}
	for name, share := range map[string]float64{"losses": o.losses, "pauses": o.pauses} {
		if share < 0 || share > 1 {
			return o, &boot.UsageError{Err: fmt.Errorf("%s is a share: from 0 to 1", name)}
		}
	}
	if o.broker != "embedded" && o.broker != "apache" {
		return o, &boot.UsageError{Err: fmt.Errorf("no broker %q: embedded or apache", o.broker)}
	}
	if _, err := deckOf(o.targets); err != nil {
		return o, &boot.UsageError{Err: err}
	}
	return o, nil
}

// again is how the same is asked for once more.
func (o options) again() string {
	out := fmt.Sprintf("make chaos SEED=%d KILLS=%d BROKER=%s", o.seed, o.kills, o.broker)
	var also []string
	if o.targets != "" {
		also = append(also, "--targets "+o.targets)
	}
	if o.losses != lossShare {
		also = append(also, fmt.Sprintf("--losses %g", o.losses))
	}
	if o.pauses != pauseShare {
		also = append(also, fmt.Sprintf("--pauses %g", o.pauses))
	}
	if len(also) > 0 {
		out += fmt.Sprintf(" CHAOS=%q", strings.Join(also, " "))
	}
	return out
}

// run is one run of chaos.
func run(ctx context.Context, world boot.IO) error {
	o, err := parse(world.Args, world.Stderr)
	if err != nil {
		return err
	}
	dir, err := folder(o)
	if err != nil {
		return err
	}
	began := time.Now()
	say := func(format string, args ...any) {
		_, _ = fmt.Fprintf(world.Stderr, "chaos: %6.1fs %s\n", time.Since(began).Seconds(), fmt.Sprintf(format, args...))
	}
	say("seed %d, %d kills, broker %s, in %s", o.seed, o.kills, o.broker, dir)
	r := &report{Seed: o.seed, Broker: o.broker, Rate: o.rate, Folder: dir, Again: o.again()}
	failed := play(ctx, o, dir, r, say)
	r.Seconds = time.Since(began).Seconds()
	if failed == nil && r.clean() && o.keep == "" {
		r.Folder = ""
		if err := os.RemoveAll(dir); err != nil {
			return fmt.Errorf("removing the folder of the run: %w", err)
		}
	}
	if o.json {
		if err := boot.PrintJSON(world.Stdout, r); err != nil {
			return err
		}
	}
	if err := r.tell(world.Stdout, world.Stderr, failed); err != nil {
		return err
	}
	return r.outcome(failed)
}

// folder is where the installation of a run lies.
func folder(o options) (string, error) {
	if o.keep != "" {
		if err := os.MkdirAll(o.keep, 0o700); err != nil {
			return "", fmt.Errorf("making a folder: %w", err)
		}
		return o.keep, nil
	}
	dir, err := os.MkdirTemp("", fmt.Sprintf("rcu-chaos-%d-*", o.seed))
	if err != nil {
		return "", fmt.Errorf("making a folder: %w", err)
	}
	return dir, nil
}
