package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"rcu/pkg/config"
	"rcu/pkg/stream"
	"rcu/services/internal/boot"
)

// topicCmd looks into topics.
type topicCmd struct {
	Tail tailCmd `cmd:"" help:"Print the last records of a topic, one JSON object a line."`
}

// tailCmd prints records.
type tailCmd struct {
	Name   string   `arg:"" help:"Topic, with or without the rcu. in front."`
	Last   int      `name:"last" short:"n" default:"10" help:"Records to begin with." placeholder:"N"`
	Follow bool     `name:"follow" short:"f" help:"Go on with new records until Ctrl-C."`
	Kafka  []string `name:"kafka" help:"Brokers of a Kafka (default: those of rcu up)." placeholder:"HOST:PORT"`
}

// maxTail bounds what is held to sort the last records by time.
const maxTail = 10_000

// Help lists the topics and gives the example.
func (tailCmd) Help() string {
	return "What was sealed stays sealed: personal values are printed as the bytes that lie on the topic.\n\nTopics: " +
		strings.Join(topicNames(), ", ") + ".\n\nExample:\n\n  rcu topic tail rcu.identity --last 5 --follow"
}

func topicNames() []string {
	var names []string
	for _, t := range stream.Topics(1, 1) {
		names = append(names, t.Name)
	}
	slices.Sort(names)
	return names
}

// Run prints until the last record, or on and on.
func (c tailCmd) Run(ctx context.Context, a *app) error {
	if c.Last < 0 || c.Last > maxTail {
		return &boot.UsageError{Err: fmt.Errorf("--last must be from 0 to %d", maxTail)}
	}
	topic := c.Name
	if known := topicNames(); !slices.Contains(known, topic) {
		if topic = "rcu." + topic; !slices.Contains(known, topic) {
			return &boot.UsageError{Err: fmt.Errorf("there is no such topic: one of %s", strings.Join(known, ", "))}
		}
	}
	s := defaultSettings()
	if err := config.Load(s, config.Source{Env: a.world.Env}); err != nil {
		return err //nolint:wrapcheck // says all
	}
	if len(c.Kafka) > 0 {
		s.Kafka.Brokers = c.Kafka
	}
	if err := (home{a.data}).fill(s, ""); err != nil {
		return err
	}
	if len(s.Kafka.Brokers) == 0 {
		return errors.New("there is no Kafka to ask: start one with rcu up, or name one with --kafka HOST:PORT")
	}
	client, err := stream.Connect(s.Kafka, stream.Deps{})
	if err != nil {
		return fmt.Errorf("opening kafka: %w", err)
	}
	defer client.Close()
	err = client.Tail(ctx, stream.TailConfig{Topic: topic, Last: c.Last, Follow: c.Follow}, func(r stream.Record) error {
		line, err := r.JSON()
		if err != nil {
			return err //nolint:wrapcheck // says all
		}
		if _, err := a.world.Stdout.Write(append(line, '\n')); err != nil {
			return fmt.Errorf("writing a record: %w", err)
		}
		return nil
	})
	if c.Follow && errors.Is(err, context.Canceled) {
		return nil // Ctrl-C is how following ends
	}
	return err //nolint:wrapcheck // names the topic
}
