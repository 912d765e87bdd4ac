package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"time"

	"golang.org/x/sync/errgroup"

	"rcu/services/e2e/chaos/fleet"
	"rcu/services/e2e/chaos/judge"
	"rcu/services/e2e/chaos/load"
	"rcu/services/internal/demo"
)

const (
	patience    = 4 * time.Minute // for a commit after a kill: a broker on the JVM may take two to come back on a busy machine
	settleLimit = 4 * time.Minute
	answerLimit = 4 * time.Minute // for the last 200, when everything works again
)

// game is one run under way.
type game struct {
	o        options
	fleet    *fleet.Fleet
	ledger   *load.Ledger
	sender   *load.Sender
	progress *progress
	report   *report
	plan     *plan
	began    time.Time
	killed   time.Time      // when the last kill was
	struck   string         // what it was
	guest    *fleet.Process // a member that joined and will leave
	naps     naps
	say      func(string, ...any)
}

// play starts everything, plays, and judges.
func play(ctx context.Context, o options, dir string, r *report, say func(string, ...any)) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Minute+time.Duration(o.kills)*30*time.Second)
	defer cancel()
	g := &game{o: o, ledger: load.NewLedger(), report: r, say: say, naps: naps{over: make(chan struct{})}}
	var err error
	if g.plan, err = newPlan(o); err != nil {
		return err
	}
	r.Killed = map[string]int{}
	g.fleet, err = fleet.Launch(ctx, fleet.Config{
		Program: o.program, Dir: dir, Sources: load.Sources(), Resolvers: members["resolver"], Sinks: members["sink"], Session: o.session, Apache: apache(o), ContactRules: load.ContactRules,
		Told: func(service string, err error) { g.happened("%s: %v", service, err); r.ended(service) },
	})
	if err != nil {
		return fmt.Errorf("starting the installation: %w", err)
	}
	defer g.fleet.Close()
	client, err := g.fleet.Kafka()
	if err != nil {
		return err //nolint:wrapcheck // says all
	}
	defer client.Close()
	g.progress = &progress{client: client}
	g.progress.begin()
	if err := g.shake(ctx); err != nil {
		return err
	}
	if err := g.judge(ctx); err != nil {
		return err
	}
	if r.Rebalances, err = g.fleet.Rebalances(); err != nil {
		return err //nolint:wrapcheck // says all
	}
	return r.idle()
}

// apache is the script that runs the other broker.
func apache(o options) string {
	if o.broker != "apache" {
		return ""
	}
	return filepath.Join(o.root, "scripts", "kafka")
}

// shake sends the load and disturbs until the last kill, and returns when everything sent has its 200.
func (g *game) shake(ctx context.Context) error {
	source, err := load.NewSource(load.Mixture{Seed: g.o.seed})
	if err != nil {
		return err //nolint:wrapcheck // says all
	}
	g.sender = load.NewSender(load.Config{URLs: g.fleet.URLs, Keys: g.fleet.Keys, Rate: g.o.rate, Seed: g.o.seed, Impatient: .02}, g.ledger)
	if err := g.sender.All(ctx, source.Decisions()); err != nil {
		return err //nolint:wrapcheck // says all
	}
	if err := judge.Settled(ctx, g.progress.client, time.Minute); err != nil {
		return fmt.Errorf("waiting for the consent decisions: %w", err)
	}
	g.began = time.Now()
	g.say("%d processes run, %d consent decisions stand; the load begins", len(g.fleet.Targets()), len(source.Decisions()))
	watching, enough := context.WithCancel(ctx)
	defer enough()
	go g.progress.watch(watching)
	ctx, giveUp := context.WithCancelCause(ctx)
	defer giveUp(nil)
	stop := make(chan struct{})
	all, ctx := errgroup.WithContext(ctx)
	all.Go(func() error { return g.sender.Run(ctx, source, stop) })
	all.Go(func() error { return g.chooser().Run(ctx, stop) })
	all.Go(func() error {
		defer close(stop)
		err := g.disturb(ctx)
		g.wake()
		if err == nil {
			err = g.calm(ctx)
		}
		time.AfterFunc(answerLimit, func() { giveUp(errUnanswered) })
		return err
	})
	err = all.Wait()
	g.report.Retries = g.sender.Retries()
	if errors.Is(context.Cause(ctx), errUnanswered) {
		return errUnanswered
	}
	return err //nolint:wrapcheck // of ours
}

// errUnanswered ends a run in which everything works again and somebody still has no answer.
var errUnanswered = fmt.Errorf("something that was sent has no 200 %s after everything works again", answerLimit)

// chooser lets people decide and be contacted while everything is disturbed.
func (g *game) chooser() *load.Chooser {
	return load.NewChooser(load.ChooserConfig{
		Consent: g.fleet.Consent, Contacts: g.fleet.Contacts, Key: g.fleet.Reader, Controller: demo.Retail, Seed: g.o.seed,
	}, g.ledger)
}

// disturb kills until it has killed enough.
func (g *game) disturb(ctx context.Context) error {
	for {
		if err := fleet.Await(ctx, patience, func(context.Context) error { return g.progress.made() }); err != nil {
			return fmt.Errorf("waiting for progress: %w", err)
		}
		if g.report.Kills > 0 {
			accepted, _ := g.ledger.Accepted()
			g.say("kill %d/%d: %s; all groups committed %.1fs later, %d accepted", g.report.Kills, g.o.kills, g.struck, time.Since(g.killed).Seconds(), accepted)
		}
		if g.report.Kills >= g.o.kills {
			return nil
		}
		if err := g.strike(ctx, g.plan.next()); err != nil {
			return err
		}
	}
}

// strike does what the plan says next.
func (g *game) strike(ctx context.Context, s strike) error {
	if err := sleep(ctx, s.After); err != nil {
		return err
	}
	if s.Pause != nil {
		g.pause(ctx, s.Pause)
	}
	switch {
	case s.Cut != nil:
		if err := g.cut(ctx, s.Cut); err != nil {
			return err
		}
	case s.Move != nil:
		if err := g.move(ctx, s.Move); err != nil {
			return err
		}
	}
	return g.kill(ctx, s)
}

// kill ends one process, or two at once, and starts them again after a while. Both together are one kill: a commit came before it.
func (g *game) kill(ctx context.Context, s strike) error {
	var victims []fleet.Target
	g.struck = "kill -9"
	for _, v := range s.Victims {
		victims = append(victims, g.target(v))
		g.struck += " " + v.String()
	}
	g.struck += fmt.Sprintf(" (down for %s)", s.Down.Round(time.Millisecond))
	g.happened("%s", g.struck)
	for _, v := range victims {
		v.Kill()
		g.report.Killed[v.Kind()]++
	}
	g.report.Kills++
	g.killed = time.Now()
	g.progress.begin()
	if s.Loss != nil {
		if err := g.lose(*s.Loss); err != nil {
			return err
		}
	}
	if err := sleep(ctx, s.Down); err != nil {
		return err
	}
	for _, v := range victims {
		if err := v.Start(ctx); err != nil {
			return err //nolint:wrapcheck // says all
		}
	}
	return nil
}

// lose takes from the Redis that was killed what a loss of power takes.
func (g *game) lose(l fleet.Loss) error {
	bytes, err := g.fleet.LoseRedis(g.killed, l)
	if err != nil {
		return err //nolint:wrapcheck // says all
	}
	g.report.Losses++
	g.report.Forgotten += bytes
	g.struck += fmt.Sprintf(", which loses %d bytes of its last %s", bytes, l.Back.Round(time.Millisecond))
	g.happened("redis loses %d bytes of its last %s", bytes, l.Back.Round(time.Millisecond))
	return nil
}

// target finds a victim.
func (g *game) target(v victim) fleet.Target {
	var of []fleet.Target
	for _, t := range g.fleet.Targets() {
		if t.Kind() == v.Kind && t != fleet.Target(g.guest) {
			of = append(of, t)
		}
	}
	return of[v.N]
}

// cut disturbs connections.
func (g *game) cut(ctx context.Context, c *cut) error {
	proxy := g.fleet.Proxy(c.Server)
	defer proxy.Restore()
	g.report.Cuts++
	var hit int
	switch c.How {
	case resets:
		hit = proxy.Cut(rand.New(rand.NewPCG(c.Seed, 0)), c.Share)
		g.happened("cut %d connections to %s", hit, c.Server)
	case refuses:
		hit = proxy.Refuse()
		g.happened("no connection to %s for %s, %d are cut", c.Server, c.During.Round(time.Millisecond), hit)
	default:
		hit = proxy.Hold()
		g.happened("no byte to or from %s for %s on %d connections", c.Server, c.During.Round(time.Millisecond), hit)
	}
	g.report.Connections += hit
	if c.How == resets {
		return nil
	}
	return sleep(ctx, c.During)
}

// move has a member join, or the one that joined leave or be killed.
func (g *game) move(ctx context.Context, m *move) error {
	g.report.Moves++
	if m.Joins != "" {
		p, err := g.fleet.Join(ctx, m.Joins)
		if err != nil {
			return err //nolint:wrapcheck // says all
		}
		g.guest = p
		g.happened("%s joins", p.Name())
		return nil
	}
	if m.Killed {
		g.happened("%s is killed and does not come back", g.guest.Name())
		g.guest.Kill()
	} else {
		g.happened("%s leaves", g.guest.Name())
	}
	g.fleet.Leave(g.guest)
	g.guest = nil
	return nil
}

// calm waits until everything works again.
func (g *game) calm(ctx context.Context) error {
	if err := g.fleet.AwaitReady(ctx, patience); err != nil {
		return fmt.Errorf("waiting until everything works again: %w", err)
	}
	return nil
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err() //nolint:wrapcheck // the caller's end
	}
}

func (g *game) happened(format string, args ...any) {
	accepted, _ := g.ledger.Accepted()
	g.report.happened(g.begin(), accepted, fmt.Sprintf(format, args...))
}

func (g *game) begin() time.Time {
	if g.began.IsZero() {
		return time.Now()
	}
	return g.began
}

// judge waits until the load has passed and compares, again for a while as long as something is found.
func (g *game) judge(ctx context.Context) error {
	accepted, _ := g.ledger.Accepted()
	g.say("%d events have their 200; draining", accepted)
	began := time.Now()
	if err := judge.Settled(ctx, g.progress.client, settleLimit); err != nil {
		return fmt.Errorf("draining: %w", err)
	}
	g.report.Settled = time.Since(began).Seconds()
	g.say("settled; judging")
	var err error
	g.report.Verdict, err = judge.Lasting(ctx, g.fleet, g.ledger, g.progress.client, g.o.seed, func(v *judge.Verdict) {
		g.say("found, perhaps only late, so once more: %s", v)
	})
	if err != nil {
		return fmt.Errorf("judging: %w", err)
	}
	return nil
}
