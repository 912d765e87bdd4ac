package sink

import (
	"context"
	"time"

	"go.uber.org/zap"
)

// reloader makes overrides visible soon after they were inserted, and not more often than it has to.
type reloader struct {
	every   time.Duration
	reload  func(context.Context) error
	dirty   chan struct{}
	metrics *metrics
	log     *zap.Logger
}

func newReloader(every time.Duration, reload func(context.Context) error, m *metrics, log *zap.Logger) *reloader {
	return &reloader{every: every, reload: reload, dirty: make(chan struct{}, 1), metrics: m, log: log}
}

// changed says that overrides were inserted.
func (r *reloader) changed() { signal(r.dirty) }

// run reloads after changes until ctx ends; a change that was announced before is still loaded.
func (r *reloader) run(ctx context.Context) {
	for {
		select {
		case <-r.dirty:
		case <-ctx.Done():
			select {
			case <-r.dirty:
				r.once(context.WithoutCancel(ctx))
			default:
			}
			return
		}
		r.once(ctx)
		select {
		case <-time.After(r.every):
		case <-ctx.Done():
		}
	}
}

func (r *reloader) once(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	if err := r.reload(ctx); err != nil {
		if ctx.Err() == nil {
			r.log.Warn("reloading the owners of leaves", zap.Error(err))
		}
		r.changed()
		return
	}
	r.metrics.reloads.Inc()
}
