package rebuild

import (
	"strconv"
	"strings"
)

// What a rebuild that goes on has to know of records that the one before read: notes whose names begin so.
const (
	noteSeen = "seen|" // and a space: the highest number of an override
	noteHigh = "high|" // and a space: the newest commit that the graph's changelog tells of
	noteGone = "gone|" // and the key of a value that is gone
)

// carry adds to notes what was learned since the last ones.
func (w *work) carry(notes map[string]string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for prefix, numbers := range w.numbers() {
		for space, n := range numbers {
			notes[prefix+space] = strconv.FormatUint(n, 10)
		}
	}
	for _, key := range w.gone[w.carried:] {
		notes[noteGone+key] = "1"
	}
	w.carried = len(w.gone)
}

func (w *work) numbers() map[string]map[string]uint64 {
	return map[string]map[string]uint64{noteSeen: w.sees, noteHigh: w.high}
}

// goOn takes in what an earlier rebuild noted.
func (w *work) goOn(notes map[string]string) {
	numbers := w.numbers()
	for name, text := range notes {
		kind, rest, carried := strings.Cut(name, "|")
		if !carried {
			if at, err := strconv.ParseInt(text, 10, 64); err == nil && strings.Contains(name, "/") {
				w.from[name] = at
			}
			continue
		}
		if kind += "|"; kind == noteGone {
			w.gone = append(w.gone, rest)
		} else if n, err := strconv.ParseUint(text, 10, 64); err == nil && numbers[kind] != nil {
			numbers[kind][rest] = max(numbers[kind][rest], n)
		}
	}
	w.carried = len(w.gone)
}
