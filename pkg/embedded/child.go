package embedded

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"syscall"
)

// lifeLine is the file descriptor on which a child sees end of file when its parent is gone.
const lifeLine = 3

// Child says how to run this project's own children: the program and the arguments before `kafka FILE` or
// `clickhouse FILE`. The zero value is this program with `internal`.
type Child struct {
	Program string
	Args    []string
}

func (c Child) command(server, file string, content any) ([]string, error) {
	if c.Program == "" {
		exe, err := os.Executable()
		if err != nil {
			return nil, fmt.Errorf("finding this program's own file: %w", err)
		}
		c = Child{Program: exe, Args: []string{"internal"}}
	}
	raw, err := json.Marshal(content)
	if err != nil {
		return nil, fmt.Errorf("writing the settings of %s: %w", server, err)
	}
	if err := os.WriteFile(file, raw, 0o600); err != nil {
		return nil, fmt.Errorf("writing the settings of %s: %w", server, err)
	}
	argv := append([]string{c.Program}, c.Args...)
	return append(argv, server, file), nil
}

// RunChild is the body of a child process, called by `rcu internal SERVER FILE`: it serves until it is stopped or
// its parent is gone.
func RunChild(server, file string, stdout, stderr io.Writer) error {
	switch server {
	case "kafka":
		return runKafka(file, stdout, stderr)
	case "clickhouse":
		return runClickHouse(file)
	default:
		return fmt.Errorf("unknown embedded server %q: kafka or clickhouse", server)
	}
}

func readSpec(file string, into any) error {
	raw, err := os.ReadFile(file) //nolint:gosec // written by the parent
	if err != nil {
		return fmt.Errorf("reading the settings of an embedded server: %w", err)
	}
	if err := json.Unmarshal(raw, into); err != nil {
		return fmt.Errorf("reading the settings of an embedded server: %w", err)
	}
	return nil
}

// parentGone is closed when the parent's end of the life line closes. A child started by hand has no life line and
// never sees it close.
func parentGone() <-chan struct{} {
	gone := make(chan struct{})
	var stat syscall.Stat_t
	if err := syscall.Fstat(lifeLine, &stat); err != nil || stat.Mode&syscall.S_IFMT != syscall.S_IFIFO {
		return gone
	}
	line := os.NewFile(lifeLine, "life line")
	go func() {
		_, _ = io.Copy(io.Discard, line)
		close(gone)
	}()
	return gone
}
