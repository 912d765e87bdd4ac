package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"rcu/pkg/embedded"
	"rcu/pkg/stream"
	"rcu/services/internal/boot"
)

// topicCmd looks into topics.
type topicCmd struct {
	Tail  tailCmd  `cmd:"" help:"Print the last records of a topic, one JSON object a line."`
	Adopt adoptCmd `cmd:"" help:"Accept that a topic was deleted, or made again by other means than RCU."`
}

// tailCmd prints records.
type tailCmd struct {
	fileFlags
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
	topic, err := knownTopic(c.Name)
	if err != nil {
		return err
	}
	client, err := openKafka(a, c.fileFlags, c.Kafka)
	if err != nil {
		return err
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

// adoptCmd accepts a topic that is not the one that it was.
type adoptCmd struct {
	fileFlags
	Name  string   `arg:"" help:"Topic, with or without the rcu. in front."`
	Kafka []string `name:"kafka" help:"Brokers of a Kafka (default: those of rcu up)." placeholder:"HOST:PORT"`
}

// Help says what is lost, and gives the example.
func (adoptCmd) Help() string {
	return "Services stop where a topic was deleted, or deleted and made again, by other means than RCU: what was not read is lost. " +
		"This accepts the loss: every group begins at the topic's first record, as a topic that was never read before. " +
		"A topic of which nothing is lost is refused. Stop the services first. The broker of a data folder is started for it, another must run.\n\nExample:\n\n  rcu topic adopt rcu.events.web"
}

// Run adopts the topic and says so.
func (c adoptCmd) Run(ctx context.Context, a *app) error {
	topic, err := knownTopic(c.Name)
	if err != nil {
		return err
	}
	brokers, closeBroker, err := c.brokers(ctx, a)
	if err != nil {
		return err
	}
	defer closeBroker()
	client, err := openKafka(a, c.fileFlags, brokers)
	if err != nil {
		return err
	}
	defer client.Close()
	if err := client.Adopt(ctx, topic); err != nil {
		return fmt.Errorf("adopting %s: %w", topic, err)
	}
	if _, err := fmt.Fprintf(a.world.Stdout, "%s is adopted: groups begin at its first record.\n", topic); err != nil {
		return fmt.Errorf("writing the outcome: %w", err)
	}
	return nil
}

// brokers are those that are named, or those of the data folder: its embedded broker ends with `rcu up`, as all that is told to adopt a topic does.
func (c adoptCmd) brokers(ctx context.Context, a *app) (addrs []string, closeBroker func(), err error) {
	s, err := c.settings(a)
	if err != nil || len(c.Kafka) > 0 || len(s.Kafka.Brokers) > 0 {
		return c.Kafka, func() {}, err
	}
	h := home{a.data}
	in, found, err := h.readInstance()
	if err != nil || !found || !slices.Contains(in.Embedded, "kafka") || h.inUse() {
		return nil, func() {}, err
	}
	release, err := h.take()
	if err != nil {
		return nil, nil, err
	}
	k, err := embedded.StartKafka(ctx, embedded.KafkaConfig{Dir: h.path("kafka"), Partitions: defaultSettings().Kafka.Partitions})
	if err != nil {
		release()
		return nil, nil, fmt.Errorf("starting kafka: %w", err)
	}
	return []string{k.Addr()}, func() { _ = k.Stop(context.WithoutCancel(ctx)); release() }, nil
}

// knownTopic completes a topic's name.
func knownTopic(name string) (string, error) {
	known := topicNames()
	for _, topic := range []string{name, "rcu." + name} {
		if slices.Contains(known, topic) {
			return topic, nil
		}
	}
	return "", &boot.UsageError{Err: fmt.Errorf("there is no such topic: one of %s", strings.Join(known, ", "))}
}

// openKafka connects to the named brokers, to those of the configuration, or to those of `rcu up`.
func openKafka(a *app, file fileFlags, brokers []string) (*stream.Client, error) {
	s, err := file.settings(a)
	if err != nil {
		return nil, err
	}
	if len(brokers) > 0 {
		s.Kafka.Brokers = brokers
	}
	if err := (home{a.data}).fill(s, ""); err != nil {
		return nil, err
	}
	if len(s.Kafka.Brokers) == 0 {
		return nil, errors.New("there is no Kafka to ask: start one with rcu up, or name one with --kafka HOST:PORT or --config FILE")
	}
	client, err := stream.Connect(s.Kafka, stream.Deps{})
	if err != nil {
		return nil, fmt.Errorf("opening kafka: %w", err)
	}
	return client, nil
}
