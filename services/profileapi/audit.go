package profileapi

import (
	"context"
	"crypto/sha256"
	"errors"
	"time"

	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	"rcu/pkg/stream"
	eventpb "rcu/schemas/event"
)

type auditOutcome string

// Outcomes of a read.
const (
	outcomeOK         auditOutcome = "ok"
	outcomeNotFound   auditOutcome = "not_found"
	outcomeDenied     auditOutcome = "denied"
	outcomeCandidates auditOutcome = "candidates"
)

// errAuditFull says that more reads wait to be written down than may.
var errAuditFull = errors.New("too many reads wait to be written down")

// auditor writes reads to rcu.audit as a chain: each line holds the digest of the one before, so that a line taken out shows.
// A chain belongs to one process; its name is new at every start.
type auditor struct {
	queue chan *eventpb.Audit
	out   Publisher
	log   *zap.Logger
	lines *prometheus.CounterVec

	chain    string
	number   uint64
	previous []byte
}

func newAuditor(size int, out Publisher, reg prometheus.Registerer, log *zap.Logger) *auditor {
	a := &auditor{queue: make(chan *eventpb.Audit, size), out: out, log: log, chain: uuid.NewString(), lines: prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "rcu_profileapi_audit_lines_total", Help: "Reads written down, by outcome of the writing.",
	}, []string{"outcome"})}
	reg.MustRegister(a.lines)
	return a
}

// write takes a line into the queue.
func (a *auditor) write(ctx context.Context, line *eventpb.Audit) error {
	select {
	case a.queue <- line:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	default:
		return errAuditFull
	}
}

const (
	auditBatch   = 200
	lastAttempts = 5 // to write lines once the service stops
)

// run writes lines until ctx ends and the queue is empty.
func (a *auditor) run(ctx context.Context) {
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
func (a *auditor) more(first *eventpb.Audit) []*eventpb.Audit {
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

// flush publishes lines, again until they are out: while it tries, the queue fills and reads are refused.
func (a *auditor) flush(ctx context.Context, lines []*eventpb.Audit) {
	records := make([]stream.Record, 0, len(lines))
	for _, line := range lines {
		line.Chain, line.Number, line.Previous = a.chain, a.number, a.previous
		r, err := stream.Encode(stream.TopicAudit, []byte(a.chain), line, time.UnixMicro(line.GetAt()))
		if err != nil {
			a.log.Error("encoding a line of the audit", zap.Error(err))
			a.lines.WithLabelValues("lost").Inc()
			continue
		}
		records = append(records, r)
		sum := sha256.Sum256(r.Value)
		a.number, a.previous = a.number+1, sum[:]
	}
	a.publish(ctx, records)
}

// publish tries until the lines are out, or, when the service stops, for a last while.
func (a *auditor) publish(ctx context.Context, records []stream.Record) {
	for last := 0; last < lastAttempts; {
		attempt, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		err := a.out.Publish(attempt, records)
		cancel()
		if err == nil {
			a.lines.WithLabelValues("written").Add(float64(len(records)))
			return
		}
		a.log.Error("writing the audit", zap.Error(err), zap.Int("lines", len(records)))
		if ctx.Err() != nil {
			last++
		}
		<-time.After(200 * time.Millisecond)
	}
	a.lines.WithLabelValues("lost").Add(float64(len(records)))
}
