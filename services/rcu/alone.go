package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"go.uber.org/zap"

	"rcu/pkg/lifecycle"
	"rcu/pkg/resolve/stateredis"
)

const (
	// redisTry bounds one try to reach Redis: so long the start of an ingestor is held up while nothing answers at all.
	redisTry = 2 * time.Second
	// redisRest lies between two tries.
	redisRest = 500 * time.Millisecond
)

// alone is a service that has a process of its own. A server that is away delays it and never ends it; what only somebody who changes the
// settings can mend ends it at once.
type alone struct {
	d *deps
	c component

	mu    sync.Mutex
	built *lifecycle.Part
	why   error // what it waits for before it is built
}

// part is the service for the group of its process, whatever it has to wait for.
func (a *alone) part() lifecycle.Part {
	a.wait(errors.New("it begins"))
	return lifecycle.Part{Name: a.c.name, Run: a.run, Ready: a.ready, Leave: a.leave, StartLimit: -1}
}

func (a *alone) wait(why error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.why = why
}

// ready tells what the service waits for, and asks the service itself once it is built.
func (a *alone) ready(ctx context.Context) error {
	a.mu.Lock()
	built, why := a.built, a.why
	a.mu.Unlock()
	if built == nil {
		return why
	}
	if built.Ready == nil {
		return nil
	}
	return built.Ready(ctx)
}

// leave has the service itself say that it is not ready any more.
func (a *alone) leave() {
	a.mu.Lock()
	built := a.built
	a.mu.Unlock()
	if built != nil && built.Leave != nil {
		built.Leave()
	}
}

// run waits for the servers that the service needs, builds it and runs it.
func (a *alone) run(ctx context.Context) error {
	a.wait(errors.New("waiting for kafka"))
	if err := awaitKafka(ctx, a.d); err != nil {
		return err
	}
	if err := makeTopics(ctx, a.d); err != nil {
		return err
	}
	if err := sameKeys(ctx, a.d); err != nil {
		return err
	}
	later, err := a.firstRedis(ctx)
	if err != nil {
		return err
	}
	part, err := a.c.build(ctx, a.d)
	if err != nil {
		return fmt.Errorf("building %s: %w", a.c.name, err)
	}
	a.mu.Lock()
	a.built = &part
	a.mu.Unlock()
	if later {
		ctx, stop := context.WithCancel(ctx)
		var beside sync.WaitGroup
		beside.Go(func() { a.laterRedis(ctx) })
		defer beside.Wait()
		defer stop()
		return part.Run(ctx)
	}
	return part.Run(ctx)
}

// firstRedis connects to Redis as far as the service needs it to start. later says that it is away and the service does not mind.
func (a *alone) firstRedis(ctx context.Context) (later bool, err error) {
	switch a.c.redis {
	case withoutRedis:
		return false, nil
	case redisFirst:
		return false, a.awaitRedis(ctx)
	case redisLater:
	}
	err = a.tryRedis(ctx)
	if err == nil || ctx.Err() != nil || stateredis.Refused(err) {
		return false, err
	}
	a.d.log.Warn("redis does not answer: serving without it", zap.Strings("redis", a.d.settings.Redis.Addrs), zap.Error(err))
	return true, nil
}

// laterRedis connects to Redis when it comes, while the service works. What Redis refuses now does not end a service that takes sales.
func (a *alone) laterRedis(ctx context.Context) {
	for {
		err := a.awaitRedis(ctx)
		if ctx.Err() != nil {
			return
		}
		if err == nil {
			a.d.log.Info("redis is there")
			return
		}
		a.d.log.Error("redis refuses this service", zap.Error(err))
		if !rest(ctx, tellEvery) {
			return
		}
	}
}

// awaitRedis waits until Redis is connected to, and says what it waits for. What waiting does not mend is an error.
func (a *alone) awaitRedis(ctx context.Context) error {
	var told time.Time
	for {
		err := a.tryRedis(ctx)
		if err == nil || stateredis.Refused(err) {
			return err
		}
		if ctx.Err() == nil {
			a.wait(fmt.Errorf("waiting for redis: %w", err))
			if time.Since(told) >= tellEvery {
				told = time.Now()
				a.d.log.Warn("redis does not answer yet", zap.Strings("redis", a.d.settings.Redis.Addrs), zap.Error(err))
			}
		}
		if !rest(ctx, redisRest) {
			return ctx.Err() //nolint:wrapcheck // asked to end
		}
	}
}

func (a *alone) tryRedis(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, redisTry)
	defer cancel()
	return connectRedis(ctx, a.d)
}
