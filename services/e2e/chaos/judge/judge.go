package judge

import (
	"context"
	"fmt"
	"maps"
	"time"

	"rcu/pkg/identity"
	"rcu/pkg/resolve"
	"rcu/pkg/resolve/stateredis"
	"rcu/pkg/stream"
	"rcu/pkg/vault"
	"rcu/services/e2e/chaos/fleet"
	"rcu/services/e2e/chaos/load"
)

// Groups that events pass, with the topics that each reads.
var Groups = map[string][]string{
	"resolver": append(stream.EventTopics(), stream.TopicConsents, stream.TopicActs, stream.TopicMatches),
	"sink":     {stream.TopicResolved, stream.TopicOwners, stream.TopicProfiles, stream.TopicIdentity, stream.TopicConsents},
}

// held is the group that judges events that were held while their consent could not be read.
const held = "judge"

// quiet is how long nothing may lag and nothing new may come before an installation counts as settled: longer than the publication of
// profiles, a flush of the sink and the reload of owners take one after the other.
const quiet = 3 * time.Second

// Settled waits until the load has passed everything.
func Settled(ctx context.Context, client *stream.Client, within time.Duration) error {
	var since time.Time
	var ends int64
	return fleet.Await(ctx, within, func(ctx context.Context) error { //nolint:wrapcheck // says all
		lag, all := int64(0), int64(0)
		groups := maps.Clone(Groups)
		groups[held] = []string{stream.TopicHeld}
		for group, topics := range groups {
			parts, err := client.Lag(ctx, group, topics...)
			if err != nil {
				since = time.Time{}
				return fmt.Errorf("asking for the lag of %s: %w", group, err)
			}
			for _, p := range parts {
				lag, all = lag+p.Lag(), all+p.End
			}
		}
		now := time.Now()
		if lag > 0 || all != ends || since.IsZero() {
			since, ends = now, all
			return fmt.Errorf("%d records lag", lag)
		}
		if now.Sub(since) < quiet {
			return fmt.Errorf("quiet since %s only", now.Sub(since).Round(time.Millisecond))
		}
		return nil
	})
}

// Committed adds up the committed offsets of a group on its topics.
func Committed(ctx context.Context, client *stream.Client, group string) (int64, error) {
	committed, err := client.Committed(ctx, group, Groups[group]...)
	if err != nil {
		return 0, err //nolint:wrapcheck // says all
	}
	sum := int64(0)
	for _, parts := range committed {
		for _, offset := range parts {
			sum += max(0, offset)
		}
	}
	return sum, nil
}

// Judge compares an installation that has settled with the ledger.
func Judge(ctx context.Context, f *fleet.Fleet, l *load.Ledger, client *stream.Client, seed uint64) (*Verdict, error) {
	redis, err := stateredis.Open(ctx, stateredis.Config{Addrs: []string{f.Server(fleet.Redis).Addr()}, ReadTimeout: 20 * time.Second})
	if err != nil {
		return nil, fmt.Errorf("opening redis: %w", err)
	}
	defer func() { _ = redis.Close() }()
	t, err := readTopics(ctx, client, f.Keyring)
	if err != nil {
		return nil, err
	}
	v := newVerdict()
	if err := v.compareTopics(t, l, f.Keyring); err != nil {
		return nil, err
	}
	cells := stateredis.NewCells(redis)
	now := time.Now()
	o, err := newOracle(ctx, t, f.Keyring, cells, seed, now.Unix())
	if err != nil {
		return nil, err
	}
	graph, err := resolve.NewGraph(stateredis.NewGraph(redis), identity.DefaultRules())
	if err != nil {
		return nil, fmt.Errorf("opening the graph: %w", err)
	}
	s := &state{f: f, o: o, v: v, cells: cells, graph: graph, reader: resolve.NewReader(graph, cells), topics: t, ledger: l}
	for _, compare := range []func(context.Context) error{s.leaves, s.foreignLeaves, s.people, s.rows, s.orders, s.profiles, s.answers, s.choices, s.changelogs} {
		if err := compare(ctx); err != nil {
			return nil, err
		}
	}
	return v, nil
}

// Patience of Lasting, and its pause.
const (
	lasts   = 20 * time.Second
	between = 2 * time.Second
)

// Lasting judges again for a while as long as something is found: owners and profiles may be on their way.
// told hears of what is found meanwhile.
func Lasting(ctx context.Context, f *fleet.Fleet, l *load.Ledger, client *stream.Client, seed uint64, told func(*Verdict)) (*Verdict, error) {
	for until := time.Now().Add(lasts); ; {
		v, err := Judge(ctx, f, l, client, seed)
		if err != nil || v.Clean() || time.Now().After(until) {
			return v, err
		}
		told(v)
		select {
		case <-time.After(between):
		case <-ctx.Done():
			return v, nil
		}
	}
}

// compareTopics compares Kafka with the ledger: what was accepted is there, and what is there was sent.
func (v *Verdict) compareTopics(t *topics, l *load.Ledger, ring *vault.Keyring) error {
	g, err := newGate(t.decisions, ring, time.Now())
	if err != nil {
		return err
	}
	v.Accepted, v.Dropped = l.Accepted()
	v.Records, v.Dead = len(t.events), t.dead
	there := map[load.Key]bool{}
	for _, e := range t.events {
		there[load.Key{Source: e.GetSource(), ID: e.GetId()}] = true
	}
	for _, d := range t.decisions {
		there[load.Key{Source: d.GetSource(), ID: eventOf(d.GetId())}] = true
	}
	entries := l.Entries()
	v.Sent = len(entries)
	for k, x := range entries {
		if x.Accepted.IsZero() || there[k] {
			continue
		}
		refused := false
		if x.Held {
			if refused, err = g.refuses(x); err != nil {
				return err
			}
		}
		if refused {
			v.Held++
		} else {
			v.lose(k, "kafka")
		}
	}
	for k := range there {
		if entries[k] == nil {
			v.double(k, "kafka (nobody sent it)")
		}
	}
	return nil
}
