package audit

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	"rcu/pkg/stream"
	eventpb "rcu/schemas/event"
)

// Publisher writes records durably; *stream.Producer is one.
type Publisher interface {
	Publish(ctx context.Context, records []stream.Record) error
}

// Why a line cannot be written down.
var (
	ErrFull = errors.New("too many lines of the audit wait to be written down")
	ErrAway = errors.New("lines of the audit cannot be written down now")
)

// Trail writes lines to rcu.audit as a chain: each line holds the digest of the one before, so that a line taken out shows.
// A chain belongs to one process; its name is new at every start.
type Trail struct {
	queue   chan *eventpb.Audit
	out     Publisher
	log     *zap.Logger
	lines   *prometheus.CounterVec
	failing atomic.Bool // the last attempt to write failed: no more lines until one succeeds

	chain    string
	number   uint64
	previous []byte
}

// New returns a trail of a service, with room for so many lines that wait. What it publishes to stays the caller's.
func New(service string, size int, out Publisher, reg prometheus.Registerer, log *zap.Logger) (*Trail, error) {
	a := &Trail{queue: make(chan *eventpb.Audit, size), out: out, log: log, chain: uuid.NewString(), lines: prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "rcu_" + service + "_audit_lines_total", Help: "Lines of the audit, by what became of them.",
	}, []string{"outcome"})}
	if err := reg.Register(a.lines); err != nil {
		return nil, fmt.Errorf("registering the metrics of the audit: %w", err)
	}
	for _, outcome := range []string{"written", "refused", "lost"} {
		a.lines.WithLabelValues(outcome)
	}
	return a, nil
}

// Write takes a line into the queue. What has to be told must not be done when it fails.
func (a *Trail) Write(line *eventpb.Audit) error {
	err := ErrAway
	if !a.failing.Load() {
		select {
		case a.queue <- line:
			return nil
		default:
			err = ErrFull
		}
	}
	a.lines.WithLabelValues("refused").Inc()
	return err
}

const (
	auditBatch   = 200
	auditAttempt = 5 * time.Second
	auditPause   = 200 * time.Millisecond
	lastAttempts = 3 // to write lines once the service stops
)

// Run writes lines until ctx ends and the queue is empty.
func (a *Trail) Run(ctx context.Context) {
	for {
		select {
		case line := <-a.queue:
			a.flush(ctx, a.more(line))
		case <-ctx.Done():
			for {
				select {
				case line := <-a.queue:
					a.flush(ctx, a.more(line))
				default:
					return
				}
			}
		}
	}
}

// more adds what waits to the first line of a batch.
func (a *Trail) more(first *eventpb.Audit) []*eventpb.Audit {
	lines := []*eventpb.Audit{first}
	for len(lines) < auditBatch {
		select {
		case line := <-a.queue:
			lines = append(lines, line)
		default:
			return lines
		}
	}
	return lines
}

// flush links lines to the chain and publishes them.
func (a *Trail) flush(ctx context.Context, lines []*eventpb.Audit) {
	records := make([]stream.Record, 0, len(lines))
	for _, line := range lines {
		line.Chain, line.Number, line.Previous = a.chain, a.number, a.previous
		a.number++ // a line that is lost leaves a gap
		r, err := stream.Encode(stream.TopicAudit, []byte(a.chain), line, time.UnixMicro(line.GetAt()))
		if err != nil {
			a.log.Error("encoding a line of the audit", zap.Error(err))
			a.lines.WithLabelValues("lost").Inc()
			continue
		}
		records = append(records, r)
		sum := sha256.Sum256(r.Value)
		a.previous = sum[:]
	}
	a.publish(ctx, records)
}

// publish tries until the lines are out, or, when the service stops, for a last while. What is written twice has the same
// number twice, with the same content.
func (a *Trail) publish(ctx context.Context, records []stream.Record) {
	for last := 0; last < lastAttempts; {
		attempt, cancel := context.WithTimeout(context.WithoutCancel(ctx), auditAttempt)
		err := a.out.Publish(attempt, records)
		cancel()
		if err == nil {
			if a.failing.Swap(false) {
				a.log.Info("audit is written again")
			}
			a.lines.WithLabelValues("written").Add(float64(len(records)))
			return
		}
		if !a.failing.Swap(true) {
			a.log.Error("writing the audit: what it would tell is refused until it works", zap.Error(err), zap.Int("lines", len(records)))
		}
		if ctx.Err() != nil {
			last++
		}
		<-time.After(auditPause)
	}
	a.lines.WithLabelValues("lost").Add(float64(len(records)))
	a.log.Error("audit lines are lost", zap.Int("lines", len(records)))
}
