package privacy

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"rcu/pkg/identifier"
	"rcu/pkg/wholefile"
)

// removal is what a removal of bytes takes away, as it was decided once: it is on disk before anything goes, because what is gone cannot be asked any more
// what else belonged to it. It is carried out from there again until nothing is left, and its file goes with it.
type removal struct {
	Entries    []Entry       `json:"entries"` // that are done when all of this is gone
	Whose      []string      `json:"whose"`   // pseudonyms of all that was asked for, in hexadecimal digits
	Leaves     []leafGone    `json:"leaves"`
	References []pointGone   `json:"references"` // whose registers may name the person
	Points     []pointGone   `json:"points"`     // that leave the graph
	Profiles   []profileGone `json:"profiles"`
	Stay       []pointGone   `json:"stay"` // of people of whom something stays: their profiles have to be told anew

	ToldAt int64 `json:"told_at,omitempty"` // when changelogs were told, in seconds
	RowsAt int64 `json:"rows_at,omitempty"` // when the rows of ClickHouse went, by its clock

	known map[any]bool
}

// once reports whether something is met for the first time.
func (r *removal) once(x any) bool {
	if r.known[x] {
		return false
	}
	if r.known == nil {
		r.known = map[any]bool{}
	}
	r.known[x] = true
	return true
}

// leafGone is a leaf that goes.
type leafGone struct {
	Space      string      `json:"space"`
	Controller string      `json:"controller"`
	Key        string      `json:"key"` // hexadecimal
	Under      []pointGone `json:"under"`
	Version    uint64      `json:"version"` // of its state as it was last read
	DecidedAt  int64       `json:"decided_at"`
}

func (l leafGone) key() []byte { b, _ := hex.DecodeString(l.Key); return b }

// pointGone is an identifier.
type pointGone struct {
	Space     string               `json:"space"`
	Namespace identifier.Namespace `json:"namespace"`
	Pseudonym string               `json:"pseudonym"` // hexadecimal
}

func gonePoint(space string, k identifier.Key) pointGone {
	return pointGone{space, k.Namespace, hex.EncodeToString([]byte(k.Value))}
}

func (p pointGone) key() identifier.Key {
	b, _ := hex.DecodeString(p.Pseudonym)
	return identifier.Key{Namespace: p.Namespace, Value: string(b)}
}

// profileGone is a profile that goes: the identifier that names it now, or named it before.
type profileGone struct {
	pointGone
	Controller string `json:"controller"`
	Canonical  bool   `json:"canonical"`
}

// planFile keeps the removal that is under way.
type planFile struct{ path string }

// read returns the removal that is under way; nil: none.
func (f planFile) read() (*removal, error) {
	text, err := os.ReadFile(f.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil //nolint:nilnil // none is no error
	}
	if err != nil {
		return nil, fmt.Errorf("reading the removal under way: %w", err)
	}
	r := new(removal)
	if err := json.Unmarshal(text, r); err != nil {
		return nil, fmt.Errorf("reading the removal under way: %w", ErrLedger)
	}
	return r, nil
}

// write puts a removal on disk, whole or not at all.
func (f planFile) write(r *removal) error {
	text, err := json.Marshal(r)
	if err != nil {
		return fmt.Errorf("noting the removal under way: %w", err)
	}
	if err := wholefile.Write(f.path, text); err != nil {
		return fmt.Errorf("noting the removal under way: %w", err)
	}
	return nil
}

// remove forgets the removal: all of it is gone.
func (f planFile) remove() error {
	if err := os.Remove(f.path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("forgetting a removal: %w", err)
	}
	return nil
}
