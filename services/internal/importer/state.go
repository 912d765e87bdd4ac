package importer

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"rcu/services/internal/post"
)

// state is what an import has done so far: batches are cut the same way on every run, so their number is enough.
type state struct {
	Batches int          `json:"batches"`
	Events  int          `json:"events"`
	Done    bool         `json:"done"`
	Outcome post.Outcome `json:"outcome"`
}

// journal keeps the state of one import in a file named by everything that determines its events and where they go.
type journal struct {
	path  string
	state state
}

// openJournal finds the journal of this import under dir; without dir nothing is kept.
func openJournal(dir string, cfg Config, m *Mapping) (*journal, error) {
	j := &journal{state: state{Outcome: post.NewOutcome()}}
	if dir == "" {
		return j, nil
	}
	h := sha256.New()
	_, _ = fmt.Fprintf(h, "%s\n%s\n%s\n%s\n", cfg.Channel, cfg.URL, sumOf(cfg.Key), m.digest)
	for _, k := range slices.Sorted(maps.Keys(cfg.Vars)) {
		_, _ = fmt.Fprintf(h, "%q=%q\n", k, cfg.Vars[k])
	}
	for _, f := range append(slices.Clone(cfg.Files), m.lookupPaths(dirOf(cfg.Files))...) {
		sum, err := digestOf(f)
		if err != nil {
			return nil, err
		}
		_, _ = fmt.Fprintf(h, "%s\n", sum)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("making state folder: %w", err)
	}
	j.path = filepath.Join(dir, "import-"+hex.EncodeToString(h.Sum(nil)[:12])+".json")
	raw, err := os.ReadFile(j.path)
	if errors.Is(err, fs.ErrNotExist) {
		return j, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading import state: %w", err)
	}
	if err := json.Unmarshal(raw, &j.state); err != nil || j.state.Outcome.Dropped == nil || j.state.Outcome.Rejected == nil {
		j.state = state{Outcome: post.NewOutcome()} // a torn file: importing again counts once
	}
	return j, nil
}

func (j *journal) save() error {
	if j.path == "" {
		return nil
	}
	raw, err := json.Marshal(j.state)
	if err != nil {
		return fmt.Errorf("encoding import state: %w", err)
	}
	tmp := j.path + ".tmp"
	if err := os.WriteFile(tmp, raw, 0o600); err != nil {
		return fmt.Errorf("writing import state: %w", err)
	}
	if err := os.Rename(tmp, j.path); err != nil {
		return fmt.Errorf("writing import state: %w", err)
	}
	return nil
}

func sumOf(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:8])
}

func digestOf(path string) (string, error) {
	f, err := os.Open(path) //nolint:gosec // the file that the user names
	if err != nil {
		return "", fmt.Errorf("opening file: %w", err)
	}
	defer func() { _ = f.Close() }() // only read
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", fmt.Errorf("reading file: %w", err)
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}
