package stream

import (
	"sync"
	"time"
)

// heldGrain bounds how many offsets are held per partition: handled batches
// within it count as one, of the latest time.
const heldGrain = 50 * time.Millisecond

// committer knows which offsets of one generation may be committed when.
type committer struct {
	mu    sync.Mutex
	parts map[topicPartition]*held
}

type held struct {
	offsets   []heldOffset // ascending
	committed int64        // last one that the group took in this generation, or -1
}

type heldOffset struct {
	next      int64
	since, at time.Time
}

func (c *committer) part(at topicPartition) *held {
	if c.parts == nil {
		c.parts = map[topicPartition]*held{}
	}
	h := c.parts[at]
	if h == nil {
		h = &held{committed: -1}
		c.parts[at] = h
	}
	return h
}

// handled says that everything below next was handled at now.
func (c *committer) handled(at topicPartition, next int64, now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	h := c.part(at)
	if n := len(h.offsets); n > 0 && now.Sub(h.offsets[n-1].since) < heldGrain {
		h.offsets[n-1].next, h.offsets[n-1].at = next, now
		return
	}
	h.offsets = append(h.offsets, heldOffset{next: next, since: now, at: now})
}

// rewound says that the partition is read again from next: later offsets are
// no longer handled, and next is due at once.
func (c *committer) rewound(at topicPartition, next int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	h := c.part(at)
	h.offsets = append(h.offsets[:0], heldOffset{next: next})
}

// due gives the offsets that have been held back long enough, or all.
func (c *committer) due(now time.Time, hold time.Duration, through time.Time, all bool) map[string]map[int]int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	var out map[string]map[int]int64
	for at, h := range c.parts {
		next := int64(-1)
		for _, o := range h.offsets {
			if !o.at.After(through) && (all || now.Sub(o.at) >= hold) {
				next = o.next
			}
		}
		if next < 0 || next == h.committed {
			continue
		}
		if out == nil {
			out = map[string]map[int]int64{}
		}
		if out[at.topic] == nil {
			out[at.topic] = map[int]int64{}
		}
		out[at.topic][at.partition] = next
	}
	return out
}

// done says that the group took these offsets.
func (c *committer) done(offsets map[string]map[int]int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for topic, parts := range offsets {
		for partition, next := range parts {
			h := c.part(topicPartition{topic, partition})
			h.committed = next
			// An entry that is gone was replaced by a rewind, or has grown: what
			// stands now is committed in its turn.
			for i, o := range h.offsets {
				if o.next == next {
					h.offsets = append(h.offsets[:0], h.offsets[i+1:]...)
					break
				}
			}
		}
	}
}
