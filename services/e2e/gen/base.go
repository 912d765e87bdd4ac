package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"rcu/services/internal/demo"
)

type baseCmd struct {
	Out       string `required:"" type:"path" placeholder:"DIR" help:"Folder for <channel>.<source>.ndjson.gz and truth.json."`
	Seed      uint64 `default:"1" help:"Same seed and --until, same bytes."`
	Customers int    `default:"1000000" help:"Lines of the master file."`
	Events    int    `default:"5000000" help:"Lines of all files."`
	Years     int    `default:"5" help:"Years of tickets and orders."`
	Until     string `default:"2026-11-01" placeholder:"DATE" help:"Day of the export."`
}

// Help gives the example.
func (baseCmd) Help() string {
	return "Example:\n\n  gen base --out /tmp/base --customers 20000 --events 100000\n" +
		"  rcu import --history callcentre /tmp/base/callcentre.records-fr.ndjson.gz --source records-fr"
}

// Run writes the base.
func (c baseCmd) Run() error {
	until, err := time.Parse(time.DateOnly, c.Until)
	if err != nil {
		return fmt.Errorf("reading --until: %w", err)
	}
	files, truth, err := demo.WriteBase(context.Background(), demo.BaseConfig{Seed: c.Seed, Customers: c.Customers, Events: c.Events, Years: c.Years, Until: until}, c.Out)
	if err != nil {
		return fmt.Errorf("writing the customer base: %w", err)
	}
	for _, f := range files {
		_, _ = fmt.Fprintf(os.Stdout, "%s\t%d lines\n", f.Path, f.Lines)
	}
	_, _ = fmt.Fprintf(os.Stdout, "%d customers, %d events without repetitions\n", truth.Customers, truth.Distinct())
	return nil
}
