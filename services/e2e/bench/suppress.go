package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"runtime"

	"rcu/pkg/vault"
	"rcu/services/internal/boot"
)

// suppressions are the times from sending "no word about this topic" to its effect wherever something would be said about it, while events come at a
// fixed rate.
type suppressions struct {
	Machine  machine `json:"machine"`
	Load     paced   `json:"load"`
	People   int     `json:"people"`
	Answered spread  `json:"answered"` // the wish itself
	Reserved spread  `json:"reserved"` // no new message about the topic, at one process of contacts
	Beside   spread  `json:"beside"`   // the same, at another
	Queued   spread  `json:"queued"`   // a message that was reserved before is not handed over
	Read     spread  `json:"read"`     // tablets and sites are told by the profile API
	Rows     spread  `json:"rows"`     // ClickHouse has the wish
	Stages   *load   `json:"stages"`
}

// runSuppress measures how long it takes until a topic is suppressed everywhere.
func runSuppress(ctx context.Context, world boot.IO, args []string) error {
	runtime.LockOSThread() // children end with the thread that started them
	o, err := parseChoosing(world, "suppress", args)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, o.deadline())
	defer cancel()
	x, err := measureSuppressions(ctx, o, telling(world))
	if err != nil {
		return err
	}
	return o.report(world, x)
}

// measureSuppressions starts a stack, has people agree to messages, and lets them suppress a topic one after the other under load.
func measureSuppressions(ctx context.Context, o choosing, say func(string, ...any)) (*suppressions, error) {
	m, in, err := begin(ctx, o.options, "suppress", say, nil)
	if err != nil {
		return nil, err
	}
	s := m.stack
	defer s.stop() //nolint:contextcheck // whatever ended the run
	p, err := newSuppressor(ctx, m, o.people)
	if err != nil {
		return nil, err
	}
	say("%d people agree to messages, and one about the topic is reserved for each", o.people)
	if err := p.agree(ctx); err != nil {
		return nil, err
	}
	say("they suppress the topic, %d a second, while %.0f events/s come", o.rounds, o.rate)
	x := &suppressions{Machine: machineOf(ctx, o.root), People: o.people}
	x.Stages, err = m.besides(ctx, o, in.more, &x.Load, func(ctx context.Context) error { return oneByOne(ctx, p.people, o.rounds, p.watch, p.one) })
	if err != nil {
		return nil, fmt.Errorf("measuring suppressions: %w", err)
	}
	x.Answered, x.Reserved, x.Beside = spreadOf(p.took["answered"]), spreadOf(p.took["reserved"]), spreadOf(p.took["beside"])
	x.Queued, x.Read, x.Rows = spreadOf(p.took["queued"]), spreadOf(p.took["read"]), spreadOf(p.took["rows"])
	return x, s.keepMetrics(ctx)
}

// newSuppressor starts where people choose, who reads their records, and contacts as two processes: what one of them is told the other has to know.
func newSuppressor(ctx context.Context, m *meter, people int) (*suppressor, error) {
	m.send.client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse } // the choice is taken then
	p := &suppressor{meter: m, source: webSource(), people: people, effects: newEffects()}
	for _, x := range []struct {
		stage, name string
		into        *string
	}{
		{"consent-api", "consent-api", &p.centre},
		{"profile-api", "profile-api", &p.api},
		{"contacts", "contacts", &p.desks[0]},
		{"contacts-beside", "contacts", &p.desks[1]},
	} {
		var err error
		if *x.into, err = m.stack.serves(ctx, x.stage, x.name); err != nil {
			return nil, err
		}
	}
	ring, err := vault.Load(filepath.Join(m.stack.dir, "keys.json"))
	if err != nil {
		return nil, err //nolint:wrapcheck // says all
	}
	p.ring = ring
	return p, nil
}

func (x *suppressions) print(to io.Writer) error {
	head := fmt.Sprintf("%d people suppressed a topic while %.0f of %.0f events/s came", x.People, x.Load.Sent, x.Load.Asked)
	return printEffects(to, head, "sending the wish", []effect{
		{"its answer", x.Answered},
		{"no new message", x.Reserved},
		{"no new message, at another process", x.Beside},
		{"the message in the queue is dropped", x.Queued},
		{"tablets and sites are told", x.Read},
		{"ClickHouse", x.Rows},
	}, x.Stages)
}
