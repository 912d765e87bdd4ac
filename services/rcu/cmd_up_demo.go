package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"time"

	"rcu/pkg/lifecycle"
	"rcu/services/internal/demo"
)

// demoMark lies in the data folder once the demonstration was streamed into it.
const demoMark = "demo.done"

// demoPart streams the demonstration once everything else has started. A demonstration that fails is told and ends
// nothing: what was started keeps running.
func demoPart(a *app, h home, started <-chan struct{}) lifecycle.Part {
	return lifecycle.Part{Name: "demo", Run: func(ctx context.Context) error {
		select {
		case <-started:
		case <-ctx.Done():
			return nil
		}
		if err := demonstrate(ctx, a, h); err != nil && ctx.Err() == nil {
			a.say("the demonstration could not be streamed: %v", err)
		}
		<-ctx.Done()
		return nil
	}}
}

// demonstrate streams the history of the demonstration, unless this folder has it already, and says what to try.
func demonstrate(ctx context.Context, a *app, h home) error {
	history := demo.Default()
	_, err := os.Stat(h.path(demoMark))
	switch {
	case err == nil:
		a.say("the demonstration is in this folder already")
	case errors.Is(err, fs.ErrNotExist):
		if err := streamDemo(ctx, a, h, history); err != nil {
			return err
		}
		if err := os.WriteFile(h.path(demoMark), nil, 0o600); err != nil {
			return fmt.Errorf("noting that the demonstration was streamed: %w", err)
		}
	default:
		return fmt.Errorf("looking for an earlier demonstration: %w", err)
	}
	who, err := someone(history)
	if err != nil {
		return err
	}
	if !a.json {
		printTry(a.world.Stderr, h, who)
	}
	return nil
}

func streamDemo(ctx context.Context, a *app, h home, history demo.Config) error {
	keys, err := h.sourceKeys()
	if err != nil {
		return err
	}
	urls, err := h.ingestURLs("127.0.0.1")
	if err != nil {
		return err
	}
	m := newMeter(a, "streaming the demonstration")
	counts, err := demo.Replay(ctx, demo.StreamConfig{URLs: urls, Keys: keys, Progress: func(n demo.Counts) { m.set(n.Sent) }}, history, 2*time.Second)
	m.done()
	if err != nil {
		return err
	}
	a.say("streamed %d events: %d accepted, %d dropped without consent, %d rejected",
		counts.Sent, counts.Outcome.Accepted, sum(counts.Outcome.Dropped), counts.Outcome.Refused())
	return nil
}

// someone finds the loyalty card of the first made-up customer who shows one in a store.
func someone(history demo.Config) (string, error) {
	g, err := demo.New(history)
	if err != nil {
		return "", fmt.Errorf("making the demonstration: %w", err)
	}
	for e := range g.All() {
		var envelope struct {
			Type        string `json:"type"`
			Identifiers []struct {
				Namespace string `json:"namespace"`
				Value     string `json:"value"`
			} `json:"identifiers"`
		}
		if json.Unmarshal(e.JSON, &envelope) != nil || envelope.Type != "sale" || e.Person < 0 {
			continue
		}
		for _, i := range envelope.Identifiers {
			if i.Namespace == "card" {
				return i.Namespace + ":" + i.Value, nil
			}
		}
	}
	return "", errors.New("the demonstration has no customer with a card")
}

func printTry(w io.Writer, h home, who string) {
	_, _ = fmt.Fprintf(w, `
Three things to try, in another terminal:

  .bin/rcu --data %[1]s profile %[2]s
  .bin/rcu --data %[1]s explain %[2]s
  .bin/rcu --data %[1]s sql --as analyst "SELECT channel, month, currency, orders, net FROM orders_by_channel ORDER BY month"

`, h.dir, who)
}
