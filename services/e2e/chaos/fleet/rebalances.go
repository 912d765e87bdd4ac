package fleet

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
)

// Rebalances counts, by consumer group, how often a member that lived on gave its partitions back, as the members say in their logs.
func (f *Fleet) Rebalances() (map[string]int, error) {
	files, err := filepath.Glob(f.path("logs", "*.log"))
	if err != nil {
		return nil, fmt.Errorf("looking for logs: %w", err)
	}
	out := map[string]int{}
	for _, name := range files {
		if err := rebalancesIn(name, out); err != nil {
			return nil, fmt.Errorf("reading %s: %w", filepath.Base(name), err)
		}
	}
	return out, nil
}

func rebalancesIn(name string, out map[string]int) error {
	file, err := os.Open(name) //nolint:gosec // of a fleet
	if err != nil {
		return err //nolint:wrapcheck // the caller does
	}
	defer func() { _ = file.Close() }()
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, 4<<20)
	for lines.Scan() {
		var line struct{ Msg, Group string }
		if json.Unmarshal(lines.Bytes(), &line) == nil && line.Msg == "gave partitions back" { // a line that a kill cut short is none
			out[line.Group]++
		}
	}
	return lines.Err() //nolint:wrapcheck // the caller does
}
