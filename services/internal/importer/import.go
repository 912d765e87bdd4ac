package importer

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"rcu/services/internal/post"
)

// Config is one import: files of one kind, sent to one channel under one source's key.
type Config struct {
	Channel  string
	Files    []string
	MapFile  string // how rows become events; "" = every line is an event of the channel as it stands
	History  bool   // through the history lane: resolved while live events leave time for it
	URL      string
	Key      string
	Vars     map[string]string
	StateDir string // where the progress is kept; "" = not kept
	MaxBytes int64
	Again    bool // send everything again, also what was acknowledged
	DryRun   bool // map and count only
	Parallel int  // requests under way at once; default 4
	HTTP     *http.Client
	Progress func(Progress)
	Waiting  func(why string, pause time.Duration) // told before a request is repeated; calls may overlap
}

// Progress is told after each acknowledged batch.
type Progress struct{ Events, Accepted, Refused int }

// Summary is what an import did. Resent counts events acknowledged by an earlier run and not sent again.
type Summary struct {
	Mapping string       `json:"mapping"`
	Report  Report       `json:"report"`
	Resent  int          `json:"resent"`
	Sent    int          `json:"sent"`
	Outcome post.Outcome `json:"outcome"` // of all runs of this import together
	Done    bool         `json:"done"`
}

// Duplicates counts everything that was there before: rows repeated in the file, events acknowledged by an earlier run, events that the ingestor knew.
func (s Summary) Duplicates() int { return s.Report.Duplicates + s.Resent + s.Outcome.Duplicate }

// Refused counts what only a person can mend: rows that could not be mapped, and events that the ingestor rejected.
func (s Summary) Refused() int {
	n := s.Outcome.Refused()
	for _, bad := range s.Report.Bad {
		n += bad
	}
	return n
}

// Run maps the files and posts their events. On an error the summary holds what was done; the next run goes on from there.
func Run(ctx context.Context, cfg Config) (Summary, error) {
	var sum Summary
	m, err := mappingOf(cfg.MapFile)
	if err != nil {
		return sum, err
	}
	sum.Mapping = m.Name()
	files := append(slices.Clone(cfg.Files), m.lookupPaths(dirOf(cfg.Files))...)
	sums, err := checkedFiles(ctx, files, !m.plain)
	if err != nil {
		return sum, fmt.Errorf("importing: %w", err)
	}
	in := Input{Files: cfg.Files, Vars: cfg.Vars, MaxBytes: cfg.MaxBytes}
	if cfg.DryRun {
		sum.Outcome = post.NewOutcome()
		sum.Report, err = m.Map(ctx, in, func(Event) error { return nil })
		return sum, err
	}
	j, err := openJournal(cfg.StateDir, cfg, m, sums)
	if err != nil {
		return sum, err
	}
	if cfg.Again {
		j.state = state{Outcome: post.NewOutcome()}
	}
	up := newUpload(ctx, cfg, j)
	sum.Report, err = m.Map(up.ctx, in, up.add) //nolint:contextcheck // the upload's context is derived from ours
	if err == nil {
		err = up.flush()
	}
	if werr := up.wait(); werr != nil {
		err = werr
	}
	sum.Resent, sum.Sent, sum.Outcome = up.skipped, up.sent, j.state.Outcome
	if err != nil {
		return sum, fmt.Errorf("importing: %w", err)
	}
	sum.Done, j.state.Done = true, true
	return sum, j.save()
}

// upload cuts events into batches, sends several at once, and moves the journal on as batches are acknowledged in order.
type upload struct {
	ctx     context.Context //nolint:containedctx // lives as long as the upload
	group   *errgroup.Group
	client  *post.Client
	told    func(Progress)
	batch   [][]byte
	bytes   int
	number  int // batches cut so far
	resume  int // batches acknowledged by earlier runs
	skipped int

	mu      sync.Mutex
	journal *journal
	acked   map[int]ack
	sent    int
}

type ack struct {
	events  int
	outcome post.Outcome
}

func newUpload(ctx context.Context, cfg Config, j *journal) *upload {
	n := cfg.Parallel
	if n <= 0 {
		n = 4
	}
	client := cfg.HTTP
	if client == nil {
		client = &http.Client{Timeout: time.Minute, Transport: &http.Transport{MaxIdleConnsPerHost: n}}
	}
	g, gctx := errgroup.WithContext(ctx)
	g.SetLimit(n)
	told := cfg.Progress
	if told == nil {
		told = func(Progress) {}
	}
	return &upload{
		ctx: gctx, group: g, client: &post.Client{URL: cfg.URL, Key: cfg.Key, History: cfg.History, HTTP: client, Told: cfg.Waiting}, told: told,
		resume: j.state.Batches, journal: j, acked: map[int]ack{},
	}
}

func (u *upload) add(e Event) error {
	if len(u.batch) == post.BatchEvents || u.bytes+len(e.JSON)+1 > post.BatchBytes {
		if err := u.flush(); err != nil {
			return err
		}
	}
	u.batch = append(u.batch, e.JSON)
	u.bytes += len(e.JSON) + 1
	return nil
}

func (u *upload) flush() error {
	batch, n := u.batch, u.number
	u.batch, u.bytes = nil, 0
	if len(batch) == 0 {
		return nil
	}
	u.number++
	if n < u.resume {
		u.skipped += len(batch)
		return nil
	}
	if err := u.ctx.Err(); err != nil {
		return err
	}
	u.group.Go(func() error {
		out, err := u.client.Post(u.ctx, batch)
		if err != nil {
			return err
		}
		return u.acknowledge(n, ack{events: len(batch), outcome: out})
	})
	return nil
}

// acknowledge joins the batches that are acknowledged without a gap into the journal.
func (u *upload) acknowledge(n int, a ack) error {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.acked[n] = a
	u.sent += a.events
	s := &u.journal.state
	for {
		next, ok := u.acked[s.Batches]
		if !ok {
			break
		}
		delete(u.acked, s.Batches)
		s.Batches++
		s.Events += next.events
		s.Outcome.Add(next.outcome)
	}
	u.told(Progress{Events: s.Events, Accepted: s.Outcome.Accepted, Refused: s.Outcome.Refused()})
	return u.journal.save()
}

// wait ends when no request is under way.
func (u *upload) wait() error { return u.group.Wait() }
