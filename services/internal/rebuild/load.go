package rebuild

import (
	"context"
	"fmt"
	"strconv"
	"sync"

	"golang.org/x/sync/errgroup"

	"rcu/pkg/stream"
)

// source is a partition to load.
type source struct {
	topic      string
	partition  int
	start, end int64
}

func (s source) name() string { return s.topic + "/" + strconv.Itoa(s.partition) }

// sources lists the partitions of a topic from the first one on, with what is left to read of them.
func (w *work) sources(ctx context.Context, first int, topic string) (out []source, total int64, err error) {
	n, err := w.deps.Stream.Partitions(ctx, topic)
	if err != nil {
		return nil, 0, fmt.Errorf("asking for the partitions of %s: %w", topic, err)
	}
	if n == 1 {
		first = 0
	}
	for p := first; p < n; p++ {
		bounds, err := w.deps.Stream.Bounds(ctx, topic, p)
		if err != nil {
			return nil, 0, fmt.Errorf("asking for the bounds of %s: %w", topic, err)
		}
		s := source{topic, p, bounds[p].Start, bounds[p].End}
		s.start = max(s.start, w.from[s.name()])
		total += max(0, s.end-s.start)
		out = append(out, s)
	}
	return out, total, nil
}

// topic is a changelog to load.
type topic struct {
	name    string
	first   int // partition
	writers int
	put     put
	then    func(ctx context.Context) error // behind it; may be nil
}

// loadAll loads all changelogs side by side, and what needs another behind that one: leaves need the registers of references, pointers all
// components.
func (w *work) loadAll(ctx context.Context) error {
	topics := []topic{
		{stream.TopicRegisters, 0, 2, w.putRegisters, nil},
		{stream.TopicGraph, 0, 1, w.putGraph, w.finishGraphs}, // by one: a component that is gone must not come back
		{stream.TopicOwners, 0, 2, w.putOwners, nil},
		{stream.TopicContacts, 0, 1, w.putContacts, nil},
		{stream.TopicKeys, firstSubjectPartition, 2, w.putKeys, nil},
	}
	leaves, total, err := w.sources(ctx, 0, stream.TopicLeaves)
	if err != nil {
		return err
	}
	topics[0].then = func(ctx context.Context) error { return w.load(ctx, leaves, 2, w.putLeaves) }
	sources := make([][]source, len(topics))
	for i, t := range topics {
		some, n, err := w.sources(ctx, t.first, t.name)
		if err != nil {
			return err
		}
		sources[i], total = some, total+n
		if t.name == stream.TopicGraph {
			total += n // what was loaded is finished, which takes as long again
		}
	}
	w.stage("loading changelogs", total)
	g, ctx := errgroup.WithContext(ctx)
	for i, t := range topics {
		g.Go(func() error {
			err := w.load(ctx, sources[i], t.writers, t.put)
			if err == nil && t.then != nil {
				err = t.then(ctx)
			}
			return err
		})
	}
	return g.Wait() //nolint:wrapcheck // says all
}

// Limits of what is held of one topic at once: by who reads its partitions, and by each of those who write.
const (
	loadRecords  = 5000
	loadBytes    = 8 << 20
	chunkRecords = 500
	chunkBytes   = 1 << 20
)

// put writes records of one topic, those of each partition in their order.
type put func(ctx context.Context, records []stream.Record) error

// load is the loading of one topic: its partitions are read side by side, what they hold is gathered, and written many records at a time.
type load struct {
	*work
	put     put
	writers int // more than one where records may be written in any order
	chunks  chan chunk

	turn sync.Mutex
	last chan struct{} // closed when the batch that was gathered last is noted
}

// chunk is a part of a partition.
type chunk struct {
	source  string
	records []stream.Record
	size    int
	behind  int64 // offsets before it are read
	next    int64 // and those before this are, with it
}

// load loads partitions of one topic.
func (w *work) load(ctx context.Context, sources []source, writers int, f put) error {
	l := &load{work: w, put: f, writers: writers, chunks: make(chan chunk), last: make(chan struct{})}
	close(l.last)
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error {
		defer close(l.chunks)
		return l.readAll(ctx, sources)
	})
	for range writers {
		g.Go(func() error { return l.write(ctx) })
	}
	return g.Wait() //nolint:wrapcheck // says all
}

func (l *load) readAll(ctx context.Context, sources []source) error {
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(l.cfg.Parallel)
	for _, s := range sources {
		g.Go(func() error {
			if err := l.read(ctx, s); err != nil {
				return fmt.Errorf("loading %s: %w", s.name(), err)
			}
			return nil
		})
	}
	return g.Wait() //nolint:wrapcheck // says all
}

// read hands over a partition.
func (l *load) read(ctx context.Context, s source) error {
	c := chunk{source: s.name(), behind: s.start}
	flush := func(next int64) error {
		c.next = next
		select {
		case l.chunks <- c:
		case <-ctx.Done():
			return ctx.Err()
		}
		c = chunk{source: s.name(), behind: next}
		return nil
	}
	most := min(chunkRecords, l.cfg.Records)
	err := l.deps.Stream.ReadFrom(ctx, s.topic, s.partition, s.start, func(r stream.Record) error {
		if c.records == nil {
			c.records = make([]stream.Record, 0, most)
		}
		c.records = append(c.records, r)
		if c.size += len(r.Key) + len(r.Value); len(c.records) < most && c.size < chunkBytes {
			return nil
		}
		return flush(r.Offset + 1)
	})
	if err != nil {
		return err //nolint:wrapcheck // says all
	}
	return flush(max(s.end, c.behind))
}

// batch is what is written at once.
type batch struct {
	chunks  []chunk
	records []stream.Record
	before  chan struct{} // closed when the batch before is noted
	noted   chan struct{}
}

// write writes batches until there are no more. How far it is with partitions is noted behind all batches before.
func (l *load) write(ctx context.Context) error {
	for {
		b, err := l.gather(ctx)
		if err != nil || len(b.chunks) == 0 {
			return err
		}
		if len(b.records) > 0 {
			if err := l.put(ctx, b.records); err != nil {
				return err
			}
		}
		select {
		case <-b.before:
		case <-ctx.Done():
			return ctx.Err()
		}
		if err := l.note(ctx, b); err != nil {
			return err
		}
		close(b.noted)
	}
}

// gather takes what is read next.
func (l *load) gather(ctx context.Context) (*batch, error) {
	l.turn.Lock()
	defer l.turn.Unlock()
	b := &batch{before: l.last, noted: make(chan struct{}), records: make([]stream.Record, 0, l.cfg.Records+chunkRecords)}
	for size := 0; len(b.records) < l.cfg.Records && size < loadBytes; {
		select {
		case c, more := <-l.chunks:
			if !more {
				l.last = b.noted
				return b, nil
			}
			b.chunks, b.records, size = append(b.chunks, c), append(b.records, c.records...), size+c.size
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	l.last = b.noted
	return b, nil
}

// note notes how far partitions are read and written.
func (l *load) note(ctx context.Context, b *batch) error {
	next, done := map[string]string{}, int64(0)
	for _, c := range b.chunks {
		next[c.source] = strconv.FormatInt(c.next, 10)
		done += c.next - c.behind
	}
	if len(b.records) > 0 {
		l.count(b.records[0].Topic, int64(len(b.records)))
	}
	l.advance(done)
	l.carry(next)
	return l.deps.Redis.NoteRebuilding(ctx, next) //nolint:wrapcheck // says all
}

func (w *work) count(topic string, n int64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.report.Records[topic] += n
}
