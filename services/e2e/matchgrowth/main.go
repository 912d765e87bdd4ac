// Command matchgrowth times `rcu match` on files of growing size, and draws what it measured as SVG: seconds by records, both scales
// logarithmic, with a line for growth in proportion. It measures one file at a time and writes nothing but the drawing.
//
//	matchgrowth --rcu .bin/rcu --out docs/matching-growth.svg [--measured RECORDS=SECONDS] FILE.csv ...
//
// Files of any size are made by TestWriteFile of pkg/match.
package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"syscall"
	"time"

	"github.com/alecthomas/kong"
)

// command is what is asked for.
type command struct {
	RCU      string          `name:"rcu" type:"existingfile" default:".bin/rcu" help:"The program."`
	Out      string          `required:"" type:"path" help:"The drawing."`
	Measured map[int]float64 `placeholder:"RECORDS=SECONDS" help:"Measurements of before to be drawn, too."`
	Files    []string        `arg:"" optional:"" type:"existingfile" help:"Files of persons."`
}

// point is one measurement.
type point struct {
	records int
	seconds float64
	peak    int64 // bytes of memory
}

func main() {
	var c command
	k := kong.Parse(&c, kong.Description("Times rcu match on files of growing size, and draws it."))
	k.FatalIfErrorf(c.run(context.Background(), os.Stdout))
}

func (c *command) run(ctx context.Context, out io.Writer) error {
	dir, err := os.MkdirTemp("", "matchgrowth")
	if err != nil {
		return fmt.Errorf("making a folder: %w", err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	var points []point
	for n, seconds := range c.Measured {
		points = append(points, point{records: n, seconds: seconds})
	}
	for _, file := range c.Files {
		p, err := c.measure(ctx, file, filepath.Join(dir, "clusters.csv"))
		if err != nil {
			return fmt.Errorf("measuring %s: %w", file, err)
		}
		if _, err := fmt.Fprintf(out, "%d records: %.1f s, %d MB\n", p.records, p.seconds, p.peak>>20); err != nil {
			return fmt.Errorf("telling a measurement: %w", err)
		}
		points = append(points, p)
	}
	slices.SortFunc(points, func(a, b point) int { return a.records - b.records })
	if len(points) < 2 || points[0].records == points[len(points)-1].records {
		return errors.New("give files or measurements of at least two sizes")
	}
	if err := os.WriteFile(c.Out, []byte(draw(points)), 0o644); err != nil { //nolint:gosec // G306: a drawing for everybody
		return fmt.Errorf("writing the drawing: %w", err)
	}
	return nil
}

// measure runs the program on a file.
func (c *command) measure(ctx context.Context, file, to string) (point, error) {
	n, err := records(file)
	if err != nil {
		return point{}, err
	}
	cmd := exec.CommandContext(ctx, c.RCU, "match", file, "--out", to) //nolint:gosec // G204: the operator's own program
	began := time.Now()
	if text, err := cmd.CombinedOutput(); err != nil {
		return point{}, fmt.Errorf("running the program: %w: %s", err, text)
	}
	p := point{records: n, seconds: time.Since(began).Seconds()}
	if usage, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage); ok {
		p.peak = usage.Maxrss << 10
	}
	return p, nil
}

// records counts the lines of a file under its header.
func records(file string) (int, error) {
	f, err := os.Open(file) //nolint:gosec // G304: the operator's own file
	if err != nil {
		return 0, fmt.Errorf("opening the file: %w", err)
	}
	defer func() { _ = f.Close() }()
	lines := bufio.NewScanner(f)
	n := -1
	for lines.Scan() {
		n++
	}
	if err := lines.Err(); err != nil {
		return 0, fmt.Errorf("reading the file: %w", err)
	}
	return n, nil
}
