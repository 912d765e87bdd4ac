package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"rcu/pkg/resolve/stateredis"
	"rcu/pkg/stream"
	"rcu/services/internal/boot"
	"rcu/services/privacy"
)

// erasureCmd tells of erasures, and lays their ledger again.
type erasureCmd struct {
	Status erasureStatusCmd `cmd:"" help:"Tell how far erasures are."`
	Replay erasureReplayCmd `cmd:"" help:"Lay the erasure ledger again over what was put back, before services are started."`
}

// erasureStatusCmd tells how far erasures are.
type erasureStatusCmd struct {
	configFlags
}

// Help gives the example.
func (erasureStatusCmd) Help() string {
	return "Reads the erasure ledger. waiting: the delay runs (privacy.delay); overdue: a key is older than 24 hours behind its erasure; destroyed: no store has it; ended: the erasure " +
		"was lifted in time. Then the same of everything else that is kept of the person (privacy.bytes_delay): removed: no store has anything but what has to " +
		"stay; overdue: 30 days are over. Exit code 1 when something is overdue.\n\nExample:\n\n  rcu erasure status --data ./data"
}

// erasureAnswer is how far erasures are.
type erasureAnswer struct {
	Ledger   string                `json:"ledger"`
	States   map[privacy.State]int `json:"states"`             // identifiers, by how far their keys are
	Bytes    map[privacy.State]int `json:"bytes"`              // by how far everything else is
	Deadline string                `json:"deadline,omitempty"` // of the oldest one of which something is kept
	Overdue  []privacy.Entry       `json:"overdue"`
}

// Run tells.
func (c erasureStatusCmd) Run(_ context.Context, a *app) error {
	s, err := c.load(a)
	if err != nil {
		return err
	}
	if done, err := c.only(a, s); done || err != nil {
		return err
	}
	out := erasureAnswer{Ledger: home{a.data}.ledgerFile(s), States: map[privacy.State]int{}, Bytes: map[privacy.State]int{}}
	entries, err := privacy.ReadLedger(out.Ledger)
	if err != nil {
		return err //nolint:wrapcheck // says all
	}
	now := time.Now()
	for _, e := range entries {
		out.States[e.State(now)]++
		out.Bytes[e.BytesState(now)]++
		if state := e.BytesState(now); out.Deadline == "" && (state == privacy.Waiting || state == privacy.Overdue) {
			out.Deadline = time.Unix(e.ReceivedAt, 0).Add(privacy.BytesDeadline).UTC().Format(time.RFC3339)
		}
	}
	out.Overdue = slices.DeleteFunc(entries, func(e privacy.Entry) bool {
		return e.State(now) != privacy.Overdue && e.BytesState(now) != privacy.Overdue
	})
	if err := a.answer(out, func(w io.Writer) { printErasures(w, out) }); err != nil {
		return err
	}
	if len(out.Overdue) > 0 {
		return &boot.Silent{Code: boot.ExitError}
	}
	return nil
}

func printErasures(w io.Writer, x erasureAnswer) {
	for _, state := range privacy.States() {
		_, _ = fmt.Fprintf(w, "key %-10s %d\n", state, x.States[state])
	}
	for _, state := range privacy.BytesStates() {
		_, _ = fmt.Fprintf(w, "all %-10s %d\n", state, x.Bytes[state])
	}
	if x.Deadline != "" {
		_, _ = fmt.Fprintf(w, "the next of them has to be gone by %s\n", x.Deadline)
	}
	for _, e := range x.Overdue {
		_, _ = fmt.Fprintf(w, "  overdue: %s %s of %s, received %s\n", e.Namespace, e.Pseudonym, e.Controller, time.Unix(e.ReceivedAt, 0).UTC().Format(time.RFC3339))
	}
}

// erasureReplayCmd lays the erasure ledger again.
type erasureReplayCmd struct {
	configFlags
}

// Help gives the example.
func (erasureReplayCmd) Help() string {
	return "For servers of your own: after one of them was put back from a backup, before the services are started. rcu up and the privacy worker do it at each start. " +
		"What agrees with the ledger is left alone.\n\nExample:\n\n  rcu erasure replay --kafka kafka:9092 --redis redis:6379 --set privacy.ledger=/keys/erasures.ledger"
}

// Run lays it.
func (c erasureReplayCmd) Run(ctx context.Context, a *app) error {
	s, err := c.load(a)
	if err != nil {
		return err
	}
	if done, err := c.only(a, s); done || err != nil {
		return err
	}
	h := home{a.data}
	entries, err := privacy.ReadLedger(h.ledgerFile(s))
	if err != nil {
		return err //nolint:wrapcheck // says all
	}
	st, closeAll, err := openStores(ctx, a, s)
	if err != nil {
		return err
	}
	defer closeAll()
	ring, err := h.keys(s.Keys)
	if err != nil {
		return err
	}
	if err := sameKeys(ctx, &deps{settings: s, home: h, keys: ring, kafka: st.kafka}); err != nil {
		return err
	}
	output, err := st.kafka.NewProducer(stream.ProducerConfig{})
	if err != nil {
		return fmt.Errorf("making a producer: %w", err)
	}
	laid, err := privacy.LayAgain(ctx, entries, privacy.AgainDeps{Stream: st.kafka, Output: output, Cells: stateredis.NewCells(st.redis), Keyring: ring})
	if err = errors.Join(err, output.Close(ctx)); err != nil {
		return fmt.Errorf("laying the erasure ledger again: %w", err)
	}
	return a.answer(laid, func(w io.Writer) { printLaid(w, laid) })
}
