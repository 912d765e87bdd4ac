package matcher

import (
	"hash/maphash"
	"sync"

	"rcu/pkg/profile"
)

// latelyLeaves is how many leaves of a partition are remembered; beyond it, all of them are forgotten.
const latelyLeaves = 8192

// lately remembers what the leaves of each partition said of their people when they were taken. Most leaves are published because something
// was bought or seen: they say nothing new of the person, and the index is not asked. It is forgotten where a partition is read again.
type lately struct {
	seed maphash.Seed
	mu   sync.Mutex
	said map[int]map[string]uint64
}

func newLately() *lately { return &lately{seed: maphash.MakeSeed(), said: map[int]map[string]uint64{}} }

// digest is of what a leaf says of its person, sealed as it is, of whose key opens it, and of whether that is there.
func (l *lately) digest(whose subject, opens bool, state *profile.State) uint64 {
	var h maphash.Hash
	h.SetSeed(l.seed)
	write := func(text string) {
		_, _ = h.WriteString(text)
		_ = h.WriteByte(0)
	}
	if opens {
		write("opens")
	}
	write(whose.controller)
	write(string(whose.key.Namespace))
	write(whose.key.Value)
	for _, t := range profile.Combine([]*profile.State{state}).Traits {
		write(t.Name)
		write(t.Value)
	}
	return h.Sum64()
}

// knows reports whether a leaf said the same when it was taken last.
func (l *lately) knows(partition int, leaf string, digest uint64) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	had, there := l.said[partition][leaf]
	return there && had == digest
}

// keep remembers a leaf that was taken.
func (l *lately) keep(partition int, leaf string, digest uint64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.said[partition] == nil || len(l.said[partition]) >= latelyLeaves {
		l.said[partition] = map[string]uint64{}
	}
	l.said[partition][leaf] = digest
}

// forget forgets a leaf; lose all those of a partition.
func (l *lately) forget(partition int, leaf string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.said[partition], leaf)
}

func (l *lately) lose(partition int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.said, partition)
}
