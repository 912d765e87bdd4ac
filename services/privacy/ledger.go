package privacy

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	eventpb "rcu/schemas/event"
)

// Ledger is the erasure ledger: a file to which lines are appended, the newest of an identifier counts. It is on disk before anybody acts on it, and is
// rewritten once more than half of its lines count no more; no identifier ever leaves it. One process writes it. Safe for concurrent use.
type Ledger struct {
	mu      sync.Mutex
	file    *ledgerFile
	entries map[name]Entry
	whole   bool
}

// line is one line of the file.
type line struct {
	Erasure *Entry `json:"erasure,omitempty"`
	// Whole says that everything that rcu.consents held is in the lines before.
	Whole bool `json:"whole,omitempty"`
}

// ErrLedger says that the ledger is not what was written. Nothing is opened over it: what was erased might come back.
var ErrLedger = errors.New("the erasure ledger is damaged: put back a copy of it")

// OpenLedger opens a ledger for its writer, and makes it if it is missing.
func OpenLedger(path string) (*Ledger, error) {
	file, text, err := openLedgerFile(path)
	if err != nil {
		return nil, fmt.Errorf("opening the erasure ledger: %w", err)
	}
	l := &Ledger{file: file, entries: map[name]Entry{}}
	ends, err := l.read(text)
	if err == nil {
		err = file.keep(int64(ends), bytes.Count(text[:ends], []byte{'\n'})) // a line that was cut short: nobody acted on it
	}
	if err == nil {
		err = l.compact()
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("reading the erasure ledger: %w", err), l.Close())
	}
	return l, nil
}

// ReadLedger reads a ledger that somebody else may be writing; a missing one is empty.
func ReadLedger(path string) ([]Entry, error) {
	text, err := os.ReadFile(path) //nolint:gosec // G304: the path is the operator's own setting
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("reading the erasure ledger: %w", err)
	}
	l := &Ledger{entries: map[name]Entry{}}
	if _, err := l.read(text); err != nil {
		return nil, fmt.Errorf("reading the erasure ledger: %w", err)
	}
	return l.All(), nil
}

// read takes in lines and returns where the last whole one ends.
func (l *Ledger) read(text []byte) (ends int, err error) {
	for n := 1; ends < len(text); n++ {
		length := bytes.IndexByte(text[ends:], '\n')
		if length < 0 {
			return ends, nil
		}
		var x line
		if json.Unmarshal(text[ends:ends+length], &x) != nil || x.Erasure == nil && !x.Whole || x.Erasure != nil && x.Erasure.key().Value == "" {
			return ends, fmt.Errorf("line %d: %w", n, ErrLedger)
		}
		if l.whole = l.whole || x.Whole; x.Erasure != nil {
			l.entries[x.Erasure.name()] = *x.Erasure
		}
		ends += length + 1
	}
	return ends, nil
}

// Whole reports whether the ledger holds everything that was on rcu.consents when it was begun.
func (l *Ledger) Whole() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.whole
}

// SetWhole notes that it does.
func (l *Ledger) SetWhole() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.append(line{Whole: true}); err != nil {
		return err
	}
	l.whole = true
	return l.compact()
}

// SetDestroyed notes of entries that no store has their key any more. What was decided about them meanwhile stays.
func (l *Ledger) SetDestroyed(entries []Entry, at int64) error {
	return l.set(entries, func(now *Entry, _ Entry) { now.DestroyedAt = at })
}

// SetRemoved notes of entries that nothing else is left of them; at is 0 where something came back.
func (l *Ledger) SetRemoved(entries []Entry, at int64) error {
	return l.set(entries, func(now *Entry, _ Entry) { now.RemovedAt = at })
}

// SetEnded notes when the erasures of entries ended.
func (l *Ledger) SetEnded(entries []Entry) error {
	return l.set(entries, func(now *Entry, then Entry) { now.EndsAt = then.EndsAt })
}

// set changes entries that stand for the same erasure as when they were read, and adds those of which nothing stands.
func (l *Ledger) set(entries []Entry, f func(now *Entry, then Entry)) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	var changed []Entry
	for _, then := range entries {
		now, known := l.entries[then.name()]
		if !known {
			now = then
		}
		if now.DecidedAt == then.DecidedAt {
			f(&now, then)
			changed = append(changed, now)
		}
	}
	return l.note(changed)
}

// note writes entries that are new or say something else than before. They are on disk when it returns.
func (l *Ledger) note(entries []Entry) error {
	var lines []line
	for _, e := range entries {
		if l.entries[e.name()] != e {
			lines = append(lines, line{Erasure: &e})
		}
	}
	if err := l.append(lines...); err != nil {
		return err
	}
	for _, x := range lines {
		l.entries[x.Erasure.name()] = *x.Erasure
	}
	return l.compact()
}

// compact rewrites the file where more than half of its lines count no more.
func (l *Ledger) compact() error {
	alive := len(l.entries)
	if l.whole {
		alive++
	}
	if l.file.lines <= 2*alive {
		return nil
	}
	lines := make([]line, 0, alive)
	for _, e := range l.sorted() {
		lines = append(lines, line{Erasure: &e})
	}
	if l.whole {
		lines = append(lines, line{Whole: true})
	}
	text, err := encodeLines(lines)
	if err == nil {
		err = l.file.replace(text, len(lines))
	}
	if err != nil {
		return fmt.Errorf("rewriting the erasure ledger: %w", err)
	}
	return nil
}

// Hear takes in decisions about erasures, in their order, and returns how many said something new.
func (l *Ledger) Hear(ds []*eventpb.Decision) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	fresh := map[name]Entry{}
	for _, m := range ds {
		if !erases(m) {
			continue
		}
		n := name{m.GetSpace(), m.GetController(), hex.EncodeToString(m.GetPoint().GetPseudonym())}
		e, known := fresh[n]
		if !known {
			e = l.entries[n]
		}
		if next, changed := e.after(m); changed {
			fresh[n] = next
		}
	}
	entries := make([]Entry, 0, len(fresh))
	for _, e := range fresh {
		entries = append(entries, e)
	}
	return len(entries), l.note(entries)
}

// append writes lines and waits for the disk.
func (l *Ledger) append(lines ...line) error {
	if len(lines) == 0 {
		return nil
	}
	text, err := encodeLines(lines)
	if err == nil {
		err = l.file.append(text, len(lines))
	}
	if err != nil {
		return fmt.Errorf("writing the erasure ledger: %w", err)
	}
	return nil
}

func encodeLines(lines []line) (text []byte, err error) {
	for _, x := range lines {
		one, err := json.Marshal(x)
		if err != nil {
			return nil, fmt.Errorf("encoding lines: %w", err)
		}
		text = append(append(text, one...), '\n')
	}
	return text, nil
}

// All lists the entries, the oldest first.
func (l *Ledger) All() []Entry {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.sorted()
}

func (l *Ledger) sorted() []Entry {
	out := make([]Entry, 0, len(l.entries))
	for _, e := range l.entries {
		out = append(out, e)
	}
	slices.SortFunc(out, func(a, b Entry) int {
		if a.ReceivedAt != b.ReceivedAt {
			return int(a.ReceivedAt - b.ReceivedAt)
		}
		return strings.Compare(a.Controller+a.Pseudonym, b.Controller+b.Pseudonym)
	})
	return out
}

// Count counts the entries by how far they are.
func (l *Ledger) Count(at time.Time) map[State]int {
	l.mu.Lock()
	defer l.mu.Unlock()
	out := map[State]int{}
	for _, e := range l.entries {
		out[e.State(at)]++
	}
	return out
}

// CountBytes counts the entries by how far the removal of everything else is.
func (l *Ledger) CountBytes(at time.Time) map[State]int {
	l.mu.Lock()
	defer l.mu.Unlock()
	out := map[State]int{}
	for _, e := range l.entries {
		out[e.BytesState(at)]++
	}
	return out
}

// Close closes the file.
func (l *Ledger) Close() error {
	if err := l.file.file.Close(); err != nil {
		return fmt.Errorf("closing the erasure ledger: %w", err)
	}
	return nil
}
