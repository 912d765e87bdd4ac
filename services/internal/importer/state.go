package importer

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
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

// cut is the version of how rows become batches: what another program acknowledged by its numbers is sent again.
const cut = 1

// journal keeps the state of one import in a file named by everything that determines its events and where they go.
type journal struct {
	path  string
	state state
}

// openJournal finds the journal of this import under dir; without dir nothing is kept.
func openJournal(dir string, cfg Config, m *Mapping, sums []string) (*journal, error) {
	j := &journal{state: state{Outcome: post.NewOutcome()}}
	if dir == "" {
		return j, nil
	}
	h := sha256.New()
	_, _ = fmt.Fprintf(h, "%d %d %d\n", cut, post.BatchEvents, post.BatchBytes)
	_, _ = fmt.Fprintf(h, "%s\n%s\n%s\n%s\n", cfg.Channel, cfg.URL, sumOf(cfg.Key), m.digest)
	for _, k := range slices.Sorted(maps.Keys(cfg.Vars)) {
		_, _ = fmt.Fprintf(h, "%q=%q\n", k, cfg.Vars[k])
	}
	for _, sum := range sums {
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
	tmp := j.path + "." + rand.Text() + ".tmp" // the same import may run twice at once
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
