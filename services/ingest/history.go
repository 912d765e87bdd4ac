package ingest

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"time"

	"go.uber.org/zap"

	"rcu/pkg/httpserver"
	"rcu/pkg/stream"
)

// Lanes of a request, as the parameter `lane` names them.
const (
	laneParameter = "lane"
	laneLive      = "live"
	laneHistory   = "history"
)

// Waiting counts the records that the resolver has still to read.
type Waiting struct {
	History  int64 // of the history lane
	Consents int64 // decisions, which take no lane: what a backfill decides stands between live events
}

const (
	roomEvery   = time.Second     // the least time between two questions
	roomTimeout = 2 * time.Second // of one question
	historyRest = 2 * time.Second // of Retry-After while there is no room
)

// lane gives the client as it stands in the lane that the request asks for.
func (s *Service) lane(r *http.Request, c *client) (*client, *refusal) {
	switch r.URL.Query().Get(laneParameter) {
	case "", laneLive:
		return c, nil
	case laneHistory:
	default:
		return nil, &refusal{status: http.StatusBadRequest, problem: httpserver.Problem{Reason: "unknown_lane", Field: laneParameter, Fix: "leave lane out, or send history"}}
	}
	if !c.source.History {
		return nil, &refusal{status: http.StatusForbidden, problem: httpserver.Problem{
			Reason: "no_history", Field: laneParameter, Fix: "leave lane out, or let the source use the history lane: history: true in sources.yaml",
		}}
	}
	if no := s.room.check(r.Context()); no != nil {
		return nil, no
	}
	history := *c
	history.history, history.slots = true, s.room.slots
	return &history, nil
}

// topic is where an event of the client goes.
func (c *client) topic(contract Contract, typ string) string {
	if c.history {
		return stream.TopicEventsHistory
	}
	return contract.topic(typ)
}

// room keeps a backfill from filling Kafka faster than it is resolved: what waits there longer than the retention is lost.
type room struct {
	cfg     Config
	waiting func(ctx context.Context) (Waiting, error) // nil: there is always room
	now     func() time.Time
	log     *zap.Logger
	slots   chan struct{} // requests of the lane at work, over all sources

	mu    sync.Mutex
	asked time.Time
	last  *refusal
}

func newRoom(cfg Config, d Deps, now func() time.Time, log *zap.Logger) *room {
	return &room{cfg: cfg, waiting: d.Waiting, now: now, log: log, slots: make(chan struct{}, cfg.HistoryInFlight)}
}

// check says why nothing more of the lane is taken now; nil: it is taken.
func (r *room) check(ctx context.Context) *refusal {
	if r.waiting == nil {
		return nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if now := r.now(); r.asked.IsZero() || now.Sub(r.asked) >= roomEvery {
		r.last = r.ask(ctx)
		r.asked = now
	}
	return r.last
}

func (r *room) ask(ctx context.Context) *refusal {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), roomTimeout)
	defer cancel()
	w, err := r.waiting(ctx)
	if err != nil {
		r.log.Warn("asking for what waits in the history lane", zap.Error(err))
		return &refusal{http.StatusServiceUnavailable, historyRest, httpserver.Problem{Reason: reasonUnavailable, Fix: "send the whole request again after the time in Retry-After"}}
	}
	full := &refusal{http.StatusTooManyRequests, historyRest, httpserver.Problem{Reason: "history_full", Fix: "send the whole request again after the time in Retry-After: what was sent before is still being resolved"}}
	if w.History > r.cfg.HistoryWaiting || w.Consents > r.cfg.HistoryConsents {
		return full
	}
	return nil
}

// WaitingOf asks a cluster what a group, the resolver's, has still to read.
func WaitingOf(client *stream.Client, group string) func(ctx context.Context) (Waiting, error) {
	return func(ctx context.Context) (Waiting, error) {
		var w Waiting
		parts, err := client.Lag(ctx, group, stream.TopicEventsHistory, stream.TopicConsents)
		if err != nil {
			return w, fmt.Errorf("asking for the lag of %s: %w", group, err)
		}
		for _, p := range parts {
			if p.Topic == stream.TopicEventsHistory {
				w.History += p.Lag()
			} else {
				w.Consents += p.Lag()
			}
		}
		return w, nil
	}
}
