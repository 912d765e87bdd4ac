package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"os/exec"
	"regexp"
	"strconv"
)

// partitionFigures is the division of a component of some size.
type partitionFigures struct {
	Edges       int     `json:"edges"`
	Nanoseconds float64 `json:"ns"`
	Allocations int     `json:"allocations"`
}

// partitionBenchmark is the benchmark of pkg/identity: components in which three quarters of the identifiers carry a name.
const partitionBenchmark = `BenchmarkPartition/edges=(5|50|500)$/named=0.75$`

var partitionLine = regexp.MustCompile(`^BenchmarkPartition/edges=(\d+)/named=0\.75\S*\s+\d+\s+([0-9.]+) ns/op.*\s(\d+) allocs/op`)

func partition(ctx context.Context, root string) ([]partitionFigures, error) {
	cmd := exec.CommandContext(ctx, "go", "test", "./pkg/identity", "-run", "^$", "-bench", partitionBenchmark, "-benchtime", "300ms", "-benchmem")
	cmd.Dir = root
	out, err := cmd.CombinedOutput()
	if err != nil {
		return nil, fmt.Errorf("running the benchmark of Partition: %w\n%s", err, out)
	}
	var all []partitionFigures
	lines := bufio.NewScanner(bytes.NewReader(out))
	for lines.Scan() {
		m := partitionLine.FindStringSubmatch(lines.Text())
		if m == nil {
			continue
		}
		var f partitionFigures
		f.Edges, _ = strconv.Atoi(m[1])
		f.Nanoseconds, _ = strconv.ParseFloat(m[2], 64)
		f.Allocations, _ = strconv.Atoi(m[3])
		all = append(all, f)
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("running the benchmark of Partition: no figure in\n%s", out)
	}
	return all, nil
}
