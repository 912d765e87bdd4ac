package main

import (
	"context"
	"fmt"
	"io"
	"runtime"

	"rcu/services/internal/boot"
)

// withdrawals are the times from sending a withdrawal to its effect at each gate, while events come at a fixed rate.
type withdrawals struct {
	Machine  machine `json:"machine"`
	Load     paced   `json:"load"`
	People   int     `json:"people"`
	Answered spread  `json:"answered"` // the withdrawal itself
	Reads    spread  `json:"reads"`    // G4: the profile API shows no browsing, and no address for marketing
	Collect  spread  `json:"collect"`  // G1: a page on that device is dropped
	Link     spread  `json:"link"`     // G2: the device is no part of the person
	Override spread  `json:"override"` // on its way to G3: the override is on rcu.owners
	Rows     spread  `json:"rows"`     // G3: ClickHouse shows no browsing with a person
	Stages   *load   `json:"stages"`   // from the first to the last withdrawal
}

// runWithdraw measures how long withdrawals take.
func runWithdraw(ctx context.Context, world boot.IO, args []string) error {
	runtime.LockOSThread() // children end with the thread that started them
	o, err := parseChoosing(world, "withdraw", args)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, o.deadline())
	defer cancel()
	w, err := measureWithdrawals(ctx, o, telling(world))
	if err != nil {
		return err
	}
	return o.report(world, w)
}

// measureWithdrawals starts a stack, has people browse and agree, and lets them withdraw one after the other under load.
func measureWithdrawals(ctx context.Context, o choosing, say func(string, ...any)) (*withdrawals, error) {
	m, in, err := begin(ctx, o.options, "withdraw", say, nil)
	if err != nil {
		return nil, err
	}
	s := m.stack
	defer s.stop() //nolint:contextcheck // whatever ended the run
	api, err := s.api(ctx)
	if err != nil {
		return nil, err
	}
	p := newWithdrawer(m, api, o.people)
	say("%d people browse, log in and agree", o.people)
	if err := p.agree(ctx); err != nil {
		return nil, err
	}
	say("they withdraw, %d a second, while %.0f events/s come", o.rounds, o.rate)
	w := &withdrawals{Machine: machineOf(ctx, o.root), People: o.people}
	w.Stages, err = m.besides(ctx, o, in.more, &w.Load, func(ctx context.Context) error { return p.run(ctx, o.rounds) })
	if err != nil {
		return nil, fmt.Errorf("measuring withdrawals: %w", err)
	}
	if err := s.keepMetrics(ctx); err != nil {
		return nil, err
	}
	w.Answered, w.Reads, w.Collect = spreadOf(p.took["answered"]), spreadOf(p.took["reads"]), spreadOf(p.took["collect"])
	w.Link, w.Override, w.Rows = spreadOf(p.took["link"]), spreadOf(p.took["override"]), spreadOf(p.took["rows"])
	return w, nil
}

func (w *withdrawals) print(to io.Writer) error {
	head := fmt.Sprintf("%d people withdrew while %.0f of %.0f events/s came", w.People, w.Load.Sent, w.Load.Asked)
	return printEffects(to, head, "sending the withdrawal", []effect{
		{"its answer", w.Answered},
		{"G4, reads", w.Reads},
		{"G1, collection", w.Collect},
		{"G2, links", w.Link},
		{"its override on rcu.owners", w.Override},
		{"G3, ClickHouse", w.Rows},
	}, w.Stages)
}
