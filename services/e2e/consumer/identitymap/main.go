// Command identitymap reads ids of customers from its standard input, one a line, and answers each with the id that it leads to now.
//
//	identitymap -kafka 127.0.0.1:19092 < ids.txt
package main

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"

	"rcu/pkg/stream"
	"rcu/services/e2e/consumer"
)

func main() {
	brokers := flag.String("kafka", "127.0.0.1:19092", "host:port of a broker")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := answer(ctx, *brokers, os.Stdin, os.Stdout); err != nil && !errors.Is(err, context.Canceled) {
		_, _ = fmt.Fprintln(os.Stderr, "identitymap:", err)
		os.Exit(1) //nolint:gocritic // nothing is open any more
	}
}

// answer follows the topic and answers for ids as soon as the table is whole.
func answer(ctx context.Context, broker string, in io.Reader, out io.Writer) error {
	cfg := stream.DefaultConfig()
	cfg.Brokers = []string{broker}
	client, err := stream.Connect(cfg, stream.Deps{})
	if err != nil {
		return fmt.Errorf("connecting: %w", err)
	}
	defer client.Close()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	table, whole, ended := consumer.NewMap(), make(chan struct{}), make(chan error, 1)
	go func() { ended <- table.Follow(ctx, client, func() { close(whole) }) }()
	select {
	case err := <-ended:
		return err
	case <-whole:
	}
	lines := bufio.NewScanner(in)
	for lines.Scan() {
		id := lines.Text()
		found := table.Find(id)
		if _, err := fmt.Fprintln(out, id, found.Current, found.Standing); err != nil {
			return fmt.Errorf("writing an answer: %w", err)
		}
	}
	return lines.Err()
}
