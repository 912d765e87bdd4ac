package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"rcu/pkg/stream"
	"rcu/services/e2e/chaos/fleet"
	"rcu/services/e2e/chaos/judge"
)

var errPartitions = errors.New("partitions without exactly one reader")

// owned waits until each partition of both groups is read by exactly one member: members tell the lag of what they read.
func owned(ctx context.Context, f *fleet.Fleet, client *stream.Client) error {
	want := map[string]int{}
	for group, topics := range judge.Groups {
		for _, topic := range topics {
			n, err := client.Partitions(ctx, topic)
			if err != nil {
				return err //nolint:wrapcheck // says all
			}
			want[group] += n
		}
	}
	return fleet.Await(ctx, changeLimit, func(ctx context.Context) error { //nolint:wrapcheck // says all
		for group, kind := range map[string]string{"resolver": "resolver", "sink": "sink"} {
			readers := map[string]int{}
			for _, p := range members(f, kind) {
				if err := p.Ready(ctx); err != nil {
					return err //nolint:wrapcheck // says all
				}
				if err := partitions(ctx, p.Admin(), group, readers); err != nil {
					return err
				}
			}
			wrong := want[group] - len(readers)
			for _, n := range readers {
				if n != 1 {
					wrong++
				}
			}
			if wrong != 0 {
				return fmt.Errorf("%s: %d %w", group, wrong, errPartitions)
			}
		}
		return nil
	})
}

// partitions counts the partitions that a member reads.
func partitions(ctx context.Context, admin, group string, readers map[string]int) error {
	return metrics(ctx, admin, "rcu_stream_lag_records{", func(line string) error {
		if strings.Contains(line, `group="`+group+`"`) {
			readers[line[:strings.IndexByte(line, '}')]]++
		}
		return nil
	})
}

// metrics gives the lines of a metric, without its name.
func metrics(ctx context.Context, admin, name string, fn func(line string) error) error {
	ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+admin+"/metrics", http.NoBody)
	if err != nil {
		return fmt.Errorf("asking for metrics: %w", err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return fmt.Errorf("asking for metrics: %w", err)
	}
	defer func() { _ = resp.Body.Close() }()
	lines := bufio.NewScanner(resp.Body)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		if line, ok := strings.CutPrefix(lines.Text(), name); ok {
			if err := fn(line); err != nil {
				return fmt.Errorf("reading the metric %s: %w", name, err)
			}
		}
	}
	return lines.Err() //nolint:wrapcheck // of a body
}
