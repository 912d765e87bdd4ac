package lifecycle

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"go.uber.org/zap"
)

const (
	defaultGrace  = 15 * time.Second
	defaultStart  = 2 * time.Minute
	readyInterval = 10 * time.Millisecond
)

// Part is one long-lived thing: a server, a consumer, a child process.
type Part struct {
	Name string
	// Run works until ctx is done. Returning earlier, even with nil, ends the group.
	Run func(ctx context.Context) error
	// Ready tells whether the part can work; nil means at once. Parts added later wait for it, for at most StartLimit.
	Ready func(ctx context.Context) error
	// Leave, if any, is called when the group will stop, before it waits: the part says "not ready" itself, and goes on working.
	Leave func()
	// StartLimit bounds the wait for Ready; default two minutes, below zero without end.
	StartLimit time.Duration
	// Grace bounds the time from the end of ctx to the return of Run; default 15 seconds.
	Grace time.Duration
}

// Group starts, watches and stops its parts. Add everything, then call Run once.
type Group struct {
	log   *zap.Logger
	delay time.Duration
	parts []*running

	mu      sync.Mutex
	serving bool
	waiting error // why the part that starts cannot work yet
}

type running struct {
	Part
	cancel context.CancelFunc
	done   chan struct{}
	err    error
	told   bool // that it ended by itself
}

// New makes an empty group. delay is the time between "not ready" and the first stop, so that a load balancer can
// turn away.
func New(log *zap.Logger, delay time.Duration) *Group {
	return &Group{log: log.Named("lifecycle"), delay: delay}
}

// Add appends a part; it starts after those added before.
func (g *Group) Add(p Part) {
	if p.Grace == 0 {
		p.Grace = defaultGrace
	}
	if p.StartLimit == 0 {
		p.StartLimit = defaultStart
	}
	g.parts = append(g.parts, &running{Part: p, done: make(chan struct{})})
}

// Run starts the parts, calls started (if any) when all are ready, and returns when all have stopped: nil when ctx
// ended and every part stopped in order.
func (g *Group) Run(ctx context.Context, started func()) error {
	ended := make(chan *running, len(g.parts))
	var up []*running
	var cause error
	served := false
	for _, r := range g.parts {
		g.launch(ctx, r, ended)
		up = append(up, r)
		if cause = g.awaitReady(ctx, r, ended); cause != nil {
			break
		}
		g.log.Info("part started", zap.String("part", r.Name))
	}
	if cause == nil && ctx.Err() == nil {
		served = true
		g.setServing(true)
		if started != nil {
			started()
		}
		cause = g.watch(ctx, ended)
	}
	g.setServing(false)
	if g.delay > 0 && cause == nil && served {
		g.leave()
	}
	return errors.Join(cause, g.stop(up))
}

// launch gives the part a context of its own: the end of the group's context must reach the parts one after the
// other, in reverse order.
func (g *Group) launch(ctx context.Context, r *running, ended chan<- *running) {
	own, cancel := context.WithCancel(context.WithoutCancel(ctx))
	r.cancel = cancel
	go func() {
		r.err = r.Run(own)
		close(r.done)
		ended <- r
	}()
}

func (g *Group) awaitReady(ctx context.Context, r *running, ended <-chan *running) error {
	if r.Ready == nil {
		return nil
	}
	limit, cancel := context.WithCancel(ctx)
	if r.StartLimit > 0 {
		limit, cancel = context.WithTimeout(ctx, r.StartLimit)
	}
	defer cancel()
	defer g.setWaiting(nil)
	tick := time.NewTicker(readyInterval)
	defer tick.Stop()
	for {
		err := r.Ready(limit)
		if err == nil {
			return nil
		}
		g.setWaiting(fmt.Errorf("starting %s: %w", r.Name, err))
		select {
		case e := <-ended:
			return endError(e)
		case <-limit.Done():
			if ctx.Err() != nil {
				return nil
			}
			return fmt.Errorf("waiting for %s to be ready: %w", r.Name, err)
		case <-tick.C:
		}
	}
}

func (g *Group) watch(ctx context.Context, ended <-chan *running) error {
	select {
	case <-ctx.Done():
		return nil
	case r := <-ended:
		return endError(r)
	}
}

func endError(r *running) error {
	r.told = true
	if r.err == nil {
		return fmt.Errorf("%s ended by itself", r.Name)
	}
	return fmt.Errorf("running %s: %w", r.Name, r.err)
}

func (g *Group) stop(up []*running) error {
	var problems []error
	for i := len(up) - 1; i >= 0; i-- {
		r := up[i]
		select {
		case <-r.done: // it ended before it was asked to
			if !r.told && r.err != nil {
				problems = append(problems, endError(r))
			}
			continue
		default:
		}
		r.cancel()
		if err := g.awaitStop(r); err != nil {
			problems = append(problems, err)
		}
	}
	return errors.Join(problems...)
}

func (g *Group) awaitStop(r *running) error {
	timer := time.NewTimer(r.Grace)
	defer timer.Stop()
	select {
	case <-r.done:
	case <-timer.C:
		g.log.Error("part does not stop", zap.String("part", r.Name), zap.Duration("grace", r.Grace))
		return fmt.Errorf("stopping %s: still running after %s", r.Name, r.Grace)
	}
	if r.err != nil && !errors.Is(r.err, context.Canceled) {
		return fmt.Errorf("stopping %s: %w", r.Name, r.err)
	}
	g.log.Info("part stopped", zap.String("part", r.Name))
	return nil
}

// Ready tells whether every part can work now; for /readyz.
func (g *Group) Ready(ctx context.Context) error {
	g.mu.Lock()
	serving, waiting := g.serving, g.waiting
	g.mu.Unlock()
	if waiting != nil {
		return waiting
	}
	if !serving {
		return errors.New("starting or stopping")
	}
	var problems []error
	for _, r := range g.parts {
		if r.Ready == nil {
			continue
		}
		if err := r.Ready(ctx); err != nil {
			problems = append(problems, fmt.Errorf("%s: %w", r.Name, err))
		}
	}
	return errors.Join(problems...)
}

func (g *Group) setServing(v bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.serving = v
}

func (g *Group) setWaiting(why error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.waiting = why
}

// leave has every part say that it is not ready, and gives whoever sends requests the time to see it.
func (g *Group) leave() {
	g.log.Info("not ready any more, and waiting before the stop", zap.Duration("delay", g.delay))
	for _, r := range g.parts {
		if r.Leave != nil {
			r.Leave()
		}
	}
	timer := time.NewTimer(g.delay)
	defer timer.Stop()
	<-timer.C
}
