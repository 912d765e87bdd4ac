package fleet

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"rcu/pkg/embedded"
)

const (
	measureEvery  = 20 * time.Millisecond
	lengthsFor    = 5 * time.Second // how long a length is remembered
	lengthsAtMost = 1024
)

var errNoFile = errors.New("it has no append-only file")

// Loss is what a loss of power takes from Redis.
type Loss struct {
	Back time.Duration // the file is cut to where it was so long before
	Part float64       // and so far into what was written there between two looks at it, mostly within a command
}

// lengths are those that the append-only file of Redis had in the last seconds.
type lengths struct {
	dir string

	mu    sync.Mutex
	name  string
	known []length
}

type length struct {
	at    time.Time
	bytes int64
}

// watch measures until ctx ends.
func (l *lengths) watch(ctx context.Context) {
	tick := time.NewTicker(measureEvery)
	defer tick.Stop()
	for {
		if name, bytes, err := l.measure(); err == nil {
			l.note(name, length{time.Now(), bytes})
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

func (l *lengths) measure() (name string, bytes int64, err error) {
	name, err = embedded.AppendOnlyFile(l.dir)
	if err != nil {
		return "", 0, err //nolint:wrapcheck // says all
	}
	if name == "" {
		return "", 0, errNoFile
	}
	info, err := os.Stat(name)
	if err != nil {
		return "", 0, fmt.Errorf("measuring it: %w", err)
	}
	return name, info.Size(), nil
}

// note keeps a length. A file under another name began since the last look; a file that became shorter was cut, and what it was before is no more.
func (l *lengths) note(name string, now length) {
	l.mu.Lock()
	defer l.mu.Unlock()
	last := len(l.known) - 1
	switch {
	case last < 0 || name == l.name && now.bytes < l.known[last].bytes:
		l.known = nil
	case name != l.name:
		l.known = []length{{l.known[last].at, 0}}
	}
	l.name, l.known = name, append(l.known, now)
	for len(l.known) > lengthsAtMost || len(l.known) > 1 && now.at.Sub(l.known[1].at) > lengthsFor {
		l.known = l.known[1:]
	}
}

// kept is how much of the file, which has some length now, a loss leaves.
func (l *lengths) kept(loss Loss, now length) int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	from, to, moment := now.bytes, now.bytes, now.at.Add(-loss.Back)
	for i := len(l.known) - 1; i >= 0; i-- {
		if from = min(from, l.known[i].bytes); !l.known[i].at.After(moment) {
			break
		}
		to = from
	}
	return from + int64(loss.Part*float64(to-from))
}

// LoseRedis takes from a Redis that was killed at a moment what it wrote last, and gives how many bytes of its file that were.
func (f *Fleet) LoseRedis(killed time.Time, loss Loss) (lost int64, err error) {
	name, bytes, err := f.lengths.measure()
	if err != nil {
		return 0, fmt.Errorf("cutting the file of redis: %w", err)
	}
	f.lengths.note(name, length{killed, bytes})
	kept := f.lengths.kept(loss, length{killed, bytes})
	if err := os.Truncate(name, kept); err != nil {
		return 0, fmt.Errorf("cutting the file of redis: %w", err)
	}
	return bytes - kept, nil
}
