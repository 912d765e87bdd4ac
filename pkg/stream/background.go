package stream

import (
	"cmp"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"time"
)

// BackgroundConfig makes some topics of a consumer a low-priority lane: their
// batches are small slices that begin only while the other topics have little
// lag, over all partitions that the consumer has. Zero values take the defaults.
type BackgroundConfig struct {
	// Topics that yield to the others of ConsumerConfig.Topics. None: no lane.
	Topics []string `yaml:"topics"`
	// Records of one slice, at most. Default: 250.
	Records int `yaml:"records"`
	// Lag of the other topics, in records over all partitions, above which no
	// slice begins. Default: 200.
	Lag int `yaml:"lag"`
	// Wait is how long a partition of the other topics may take over a batch
	// before no slice begins. Default: 50ms.
	Wait time.Duration `yaml:"wait"`
	// Share of the time that the slices get at least, however busy the other
	// topics are: above 0, below 1. Default: 0.1.
	Share float64 `yaml:"share"`
	// Hold, when given, is asked before a slice begins: true lets no more than
	// the share begin. It answers at once.
	Hold func() bool `yaml:"-"`
}

const (
	// backgroundAlone is how long the other topics must have been caught up for
	// more slices than usual to run at once.
	backgroundAlone = time.Second
	// backgroundRest is the longest rest that the least share makes of a slice
	// that took very long.
	backgroundRest = 5 * time.Second
	// backgroundLook is how often a waiting worker asks again.
	backgroundLook = 25 * time.Millisecond
)

func (c BackgroundConfig) withDefaults() BackgroundConfig {
	c.Records = cmp.Or(c.Records, 250)
	c.Lag = cmp.Or(c.Lag, 200)
	c.Wait = cmp.Or(c.Wait, 50*time.Millisecond)
	c.Share = cmp.Or(c.Share, 0.1)
	return c
}

func (c BackgroundConfig) validate(topics []string) error {
	var errs []error
	for _, t := range c.Topics {
		if !slices.Contains(topics, t) {
			errs = append(errs, fmt.Errorf("background.topics: %s is not among the topics", t))
		}
	}
	if len(c.Topics) > 0 && len(c.Topics) == len(topics) {
		errs = append(errs, errors.New("background.topics: at least one topic must not be among them"))
	}
	if c.Records < 0 || c.Lag < 0 || c.Wait < 0 {
		errs = append(errs, errors.New("background.records, background.lag, background.wait: must not be negative"))
	}
	if c.Share < 0 || c.Share >= 1 {
		errs = append(errs, fmt.Errorf("background.share: must be above 0 and below 1, got %g", c.Share))
	}
	return errors.Join(errs...)
}

// priority lets background slices of one consumer begin. It knows what the
// foreground partitions have still to handle.
type priority struct {
	cfg    BackgroundConfig
	few    int              // slices at once beside other work
	many   int              // slices at once when there is none
	began  func(why string) // told of every slice
	clock  func() time.Time
	mu     sync.Mutex
	behind map[topicPartition]backlog
	lag    int64     // of all of them
	busy   time.Time // when there last was any
	queue  []*turn   // in the order of their coming
	atWork int
	ended  time.Time     // of the last slice
	rest   time.Duration // behind it, until the least share is due
}

// backlog is what a foreground partition has to handle.
type backlog struct {
	next, lag int64
	since     time.Time // of the last progress
}

// turn is one wait of one worker.
type turn struct {
	began   chan struct{} // closed when the slice may begin
	started time.Time
}

// newPriority returns nil for a consumer without a background lane.
func newPriority(cfg BackgroundConfig, began func(why string), clock func() time.Time) *priority {
	if len(cfg.Topics) == 0 {
		return nil
	}
	n := runtime.GOMAXPROCS(0)
	return &priority{
		cfg: cfg.withDefaults(), few: max(1, n/4), many: max(2, n), began: began, clock: clock, behind: map[topicPartition]backlog{},
	}
}

// background says that a topic yields to others.
func (p *priority) background(topic string) bool {
	return p != nil && slices.Contains(p.cfg.Topics, topic)
}

// saw takes note of how far a foreground partition is.
func (p *priority) saw(at topicPartition, next, end int64) {
	if p == nil || p.background(at.topic) {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	b, known := p.behind[at]
	p.lag -= b.lag
	if end <= next {
		delete(p.behind, at)
	} else {
		if !known || b.next != next {
			b.next, b.since = next, p.clock()
		}
		b.lag = end - next
		p.lag += b.lag
		p.behind[at] = b
	}
	p.admit()
}

// forget drops what is known of partitions that were given back.
func (p *priority) forget() {
	if p != nil {
		p.mu.Lock()
		clear(p.behind)
		p.lag = 0
		p.mu.Unlock()
	}
}

// enter waits until a slice may begin; nil when done closes first. alive is
// called now and then meanwhile.
func (p *priority) enter(done <-chan struct{}, alive func()) *turn {
	t := &turn{began: make(chan struct{})}
	p.mu.Lock()
	p.queue = append(p.queue, t)
	p.admit()
	p.mu.Unlock()
	look := time.NewTicker(backgroundLook)
	defer look.Stop()
	for {
		select {
		case <-t.began:
			return t
		case <-done:
			p.abandon(t)
			return nil
		case <-look.C:
			alive()
			p.mu.Lock()
			p.admit()
			p.mu.Unlock()
		}
	}
}

// abandon takes a turn back, begun or not.
func (p *priority) abandon(t *turn) {
	p.mu.Lock()
	i := slices.Index(p.queue, t)
	if i >= 0 {
		p.queue = slices.Delete(p.queue, i, i+1)
	}
	p.mu.Unlock()
	if i < 0 {
		p.leave(t)
	}
}

// leave ends a slice.
func (p *priority) leave(t *turn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.clock()
	p.atWork--
	p.ended = now
	took := now.Sub(t.started)
	p.rest = min(time.Duration(float64(took)*(1-p.cfg.Share)/p.cfg.Share), backgroundRest)
	p.admit()
}

// admit begins the slices that may begin now, in the order of their coming.
func (p *priority) admit() {
	now := p.clock()
	if len(p.behind) > 0 {
		p.busy = now
	}
	for len(p.queue) > 0 {
		why := p.may(now)
		if why == "" {
			return
		}
		t := p.queue[0]
		p.queue = slices.Delete(p.queue, 0, 1)
		p.atWork++
		t.started = now
		p.began(why)
		close(t.began)
	}
}

// Why a slice may begin.
const (
	whyIdle  = "idle"  // the other topics have little lag
	whyShare = "share" // the least share is due
)

// may says why one more slice may begin now; empty: it may not.
func (p *priority) may(now time.Time) string {
	limit := p.few
	if now.Sub(p.busy) >= backgroundAlone {
		limit = p.many
	}
	switch {
	case p.atWork >= limit:
		return ""
	case !p.late(now) && (p.cfg.Hold == nil || !p.cfg.Hold()):
		return whyIdle
	case p.atWork == 0 && now.Sub(p.ended) >= p.rest:
		return whyShare
	}
	return ""
}

// backlog is how many records the foreground has still to handle.
func (p *priority) backlog() int64 {
	if p == nil {
		return 0
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.lag
}

// late says that the foreground has more to do than it does in passing.
func (p *priority) late(now time.Time) bool {
	if p.lag > int64(p.cfg.Lag) {
		return true
	}
	for _, b := range p.behind {
		if now.Sub(b.since) > p.cfg.Wait {
			return true
		}
	}
	return false
}

// batchRecords is how many records the handler gets at most.
func (w *worker) batchRecords() int {
	cfg := &w.gen.consumer.cfg
	if p := w.gen.consumer.priority; p.background(w.at.topic) {
		return min(cfg.BatchRecords, p.cfg.Records)
	}
	return cfg.BatchRecords
}

// enter waits for the worker's turn; a foreground worker has it always. It is
// false when the partition was taken away meanwhile.
func (w *worker) enter() (*turn, bool) {
	p := w.gen.consumer.priority
	if !p.background(w.at.topic) {
		return nil, true
	}
	t := p.enter(w.gen.life.Done(), w.moved)
	return t, t != nil
}

// leave ends the worker's turn.
func (w *worker) leave(t *turn) {
	if t != nil {
		w.gen.consumer.priority.leave(t)
	}
}
