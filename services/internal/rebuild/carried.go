package rebuild

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"rcu/pkg/stream"
)

// What a rebuild that goes on has to know of records that the one before read: notes whose names begin so.
const (
	noteSeen = "seen|" // and a space: the highest number of an override
	noteHigh = "high|" // and a space: the newest commit that the graph's changelog tells of
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
		of := numbers[kind+"|"]
		if n, err := strconv.ParseUint(text, 10, 64); err == nil && of != nil {
			of[rest] = max(of[rest], n)
		}
	}
}

// goneBefore reads once more what the rebuild that was cut short had read of changelogs, for the values that are gone. They are not noted: a key
// names of whom the value was, and a note stays in Redis' files.
func (w *work) goneBefore(ctx context.Context) error {
	for name, next := range w.from {
		topic, partition, _ := strings.Cut(name, "/")
		p, err := strconv.Atoi(partition)
		if err != nil || topic != stream.TopicLeaves && topic != stream.TopicRegisters {
			continue
		}
		err = w.deps.Stream.ReadFrom(ctx, topic, p, 0, func(r stream.Record) error {
			if r.Offset >= next {
				return errReadBefore
			}
			all, err := changelogs([]stream.Record{r})
			for _, c := range all {
				w.erased(cellOf(c))
			}
			return err
		})
		if err != nil && !errors.Is(err, errReadBefore) {
			return fmt.Errorf("looking for values of %s that are gone: %w", name, err)
		}
	}
	return nil
}

var errReadBefore = errors.New("what was read before ends here")
