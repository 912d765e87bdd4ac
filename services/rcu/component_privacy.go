package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"time"

	"go.uber.org/zap"

	"rcu/pkg/lifecycle"
	"rcu/pkg/resolve"
	"rcu/pkg/resolve/stateredis"
	"rcu/pkg/warehouse"
	"rcu/services/privacy"
)

// privacySettings is what the operator decides about erasures.
type privacySettings struct {
	// Delay is how long after an erasure was received the keys of the person are destroyed: until then it can be lifted, and nothing is lost.
	Delay time.Duration `yaml:"delay"`
	// Every is how often it is looked for what is due.
	Every time.Duration `yaml:"every"`
	// BytesDelay is how long after an erasure was received everything else that is kept of the person is removed.
	BytesDelay time.Duration `yaml:"bytes_delay"`
	// Again is how long after changelogs were told that values are gone they are told once more, and rows of ClickHouse go.
	Again time.Duration `yaml:"again"`
	// Ledger is the file that keeps what was erased, outside of every backup. Empty: erasures.ledger beside the key file.
	Ledger string `yaml:"ledger"`
}

func (p privacySettings) over(c privacy.Config) privacy.Config {
	c.Delay, c.Every, c.BytesDelay, c.Again = p.Delay, p.Every, p.BytesDelay, p.Again
	return c
}

// ledgerFile is where the erasure ledger lies.
func (h home) ledgerFile(s *settings) string {
	return orPath(s.Privacy.Ledger, filepath.Join(filepath.Dir(orPath(s.Keys, h.path("keys.json"))), "erasures.ledger"))
}

// removalFile is where a removal of bytes that is under way is kept: beside the ledger, and in no archive either.
func (h home) removalFile(s *settings) string {
	return filepath.Join(filepath.Dir(h.ledgerFile(s)), "erasures.removal")
}

// privacyComponent carries out what erasures ask for.
func privacyComponent() component {
	return component{
		name: "privacy", help: "destroys the keys of people who are erased, and removes what is kept of them", groups: []string{privacy.Default().Group}, redis: redisFirst, build: buildPrivacy,
	}
}

func buildPrivacy(_ context.Context, d *deps) (lifecycle.Part, error) {
	output, err := d.producer()
	if err != nil {
		return lifecycle.Part{}, err
	}
	ledger, err := privacy.OpenLedger(d.home.ledgerFile(d.settings))
	if err != nil {
		return lifecycle.Part{}, err //nolint:wrapcheck // says all
	}
	rows, err := warehouse.Open(d.warehouse)
	if err != nil {
		return lifecycle.Part{}, fmt.Errorf("opening clickhouse: %w", err)
	}
	s, err := privacy.New(d.settings.Privacy.over(privacy.Default()), privacy.Deps{
		Log: d.log.Named("privacy"), Metrics: d.metrics, Stream: d.kafka, Output: output, People: resolve.NewReader(d.graph, d.cells), Cells: d.cells,
		Keyring: d.keys, Files: d.redis, Ledger: ledger,
		Removal: &privacy.Removal{
			Plan: d.home.removalFile(d.settings), Cells: stateredis.NewCells(d.redis), Graph: d.graph, Rows: rows, Matches: stateredis.NewIndex(d.redis),
		},
	})
	if err != nil {
		return lifecycle.Part{}, err //nolint:wrapcheck // says all
	}
	ready := func(context.Context) error {
		if !s.Ready() {
			return errNotReady
		}
		return nil
	}
	run := func(ctx context.Context) error { return errors.Join(s.Run(ctx), rows.Close()) }
	return lifecycle.Part{Run: run, Ready: ready}, nil
}

// layAgain makes the state agree with the erasure ledger, before anything is opened: what was put back may be older than an erasure.
func layAgain(ctx context.Context, a *app, d *deps) error {
	entries, err := privacy.ReadLedger(d.home.ledgerFile(d.settings))
	if err != nil || len(entries) == 0 {
		return err //nolint:wrapcheck // says all
	}
	output, err := d.producer()
	if err != nil {
		return err
	}
	laid, err := privacy.LayAgain(ctx, entries, privacy.AgainDeps{Stream: d.kafka, Output: output, Cells: d.cells, Keyring: d.keys})
	if err != nil {
		return fmt.Errorf("laying the erasure ledger again: %w", err)
	}
	if laid != (privacy.Laid{}) {
		d.log.Warn("what was put back did not know of erasures: it does now", zap.Int("overlays", laid.Overlays), zap.Int("keys", laid.Keys))
		if !a.json {
			printLaid(a.world.Stderr, laid)
		}
	}
	return nil
}

func printLaid(w io.Writer, laid privacy.Laid) {
	_, _ = fmt.Fprintf(w, "erasures were laid again: %d points are closed, %d keys destroyed\n", laid.Overlays, laid.Keys)
}
