package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"net/http"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"rcu/services/e2e/resp"
	"rcu/services/internal/demo"
)

// ofBase tells the rows of the base from all others.
const ofBase = "startsWith(event_id, 'b001-')"

// size of the data.
type size struct {
	Redis     int64 `json:"redis_used_memory"`
	Disk      int64 `json:"clickhouse_bytes"`
	Rows      int64 `json:"clickhouse_rows"`
	Parts     int64 `json:"clickhouse_parts"`
	Kafka     int64 `json:"kafka_bytes"`
	Customers int64 `json:"profiles"`
}

func (b *backfill) size(ctx context.Context) (x size, err error) {
	s := b.meter.stack
	c, err := resp.Dial(ctx, s.redis.Addr())
	if err != nil {
		return x, err
	}
	defer c.Close()
	if x.Redis, err = c.UsedMemory(); err != nil {
		return x, err
	}
	const ours = " FROM system.parts WHERE active AND database = currentDatabase()"
	for question, into := range map[string]*int64{
		"SELECT sum(bytes_on_disk)" + ours: &x.Disk, "SELECT sum(rows)" + ours: &x.Rows, "SELECT count()" + ours: &x.Parts,
		"SELECT uniqExact(rcu_id) FROM profiles FINAL WHERE gone = 0": &x.Customers,
	} {
		if *into, err = s.count(ctx, question); err != nil {
			return x, err
		}
	}
	err = filepath.WalkDir(filepath.Join(s.dir, "kafka"), func(_ string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return nil //nolint:nilerr // a segment that was just deleted
		}
		if info, err := d.Info(); err == nil {
			x.Kafka += info.Size()
		}
		return nil
	})
	return x, err //nolint:wrapcheck // says all
}

// check compares everything that came out with the truth of the base.
func (b *backfill) check(ctx context.Context) error {
	return errors.Join(b.checkRows(ctx), b.checkPeople(ctx), b.checkSamples(ctx), b.checkTrouble(ctx))
}

// checkRows: every event of the base exactly once, and its money to the cent.
func (b *backfill) checkRows(ctx context.Context) error {
	text, err := b.meter.stack.ask(ctx, "SELECT type, count() FROM events FINAL WHERE "+ofBase+" GROUP BY type")
	if err != nil {
		return err
	}
	got := map[string]int{}
	for _, f := range fieldsOf(text, 2) {
		if got[f[0]], err = strconv.Atoi(f[1]); err != nil {
			return fmt.Errorf("reading a count: %w", err)
		}
	}
	if !maps.Equal(got, b.truth.Events) {
		return fmt.Errorf("%v events in clickhouse, %v in the base: %w", got, b.truth.Events, errLost)
	}
	text, err = b.meter.stack.ask(ctx, "SELECT concat(type, '/', currency), sum(amount) FROM orders FINAL WHERE "+ofBase+" GROUP BY type, currency")
	if err != nil {
		return err
	}
	sums := map[string]int64{}
	for _, f := range fieldsOf(text, 2) {
		if sums[f[0]], err = strconv.ParseInt(f[1], 10, 64); err != nil {
			return fmt.Errorf("reading a sum: %w", err)
		}
	}
	if !maps.Equal(sums, b.truth.Sums) {
		return fmt.Errorf("%v in clickhouse, %v in the base: %w", sums, b.truth.Sums, errLost)
	}
	return nil
}

func fieldsOf(text string, n int) (out [][]string) {
	for line := range strings.Lines(text) {
		if f := strings.Split(strings.TrimSpace(line), "\t"); len(f) == n {
			out = append(out, f)
		}
	}
	return out
}

// checkPeople: as many people as the base has customers, and nobody else bought anything of it.
func (b *backfill) checkPeople(ctx context.Context) error {
	const owner = "dictGetOrDefault('rcu.leaf_owner_overrides', 'rcu_id', tuple(leaf), rcu_id)"
	for what, where := range map[string]string{"recorded": ofBase + " AND type = 'customer.recorded'", "in the base": ofBase} {
		text, err := b.meter.stack.ask(ctx, "SELECT uniqExact("+owner+"), countIf("+owner+" = '') FROM events FINAL WHERE "+where)
		if err != nil {
			return err
		}
		if want := strconv.Itoa(b.truth.Customers) + "\t0"; text != want {
			return fmt.Errorf("people %s and events of nobody: %q instead of %q", what, text, want)
		}
	}
	return nil
}

// checkSamples: the API tells of some customers what they bought, to the cent.
func (b *backfill) checkSamples(ctx context.Context) error {
	checked := 0
	for _, account := range slices.Sorted(maps.Keys(b.truth.Samples)) {
		_, number, _ := strings.Cut(account, "-")
		if n, err := strconv.Atoi(number); err != nil || n < b.buyers() {
			continue // he may have bought something else meanwhile
		}
		if err := b.checkSample(ctx, account, b.truth.Samples[account]); err != nil {
			return err
		}
		checked++
	}
	if checked == 0 {
		return errors.New("no customer of the base was looked up")
	}
	b.r.Sampled = checked
	return nil
}

func (b *backfill) checkSample(ctx context.Context, account string, want demo.Sample) error {
	body := fmt.Appendf(nil, `{"identifier":{"namespace":"customer","value":%q},"purpose":"contract"}`, account)
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, b.api+"/v1/profiles/lookup", bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("looking up a customer: %w", err)
	}
	req.Header.Set("Authorization", "Bearer "+b.meter.stack.readerKey)
	req.Header.Set("Content-Type", "application/json")
	resp, err := b.meter.send.client.Do(req)
	if err != nil {
		return fmt.Errorf("looking up a customer: %w", err)
	}
	defer func() { _ = resp.Body.Close() }()
	raw, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		return fmt.Errorf("looking up a customer: status %d: %w", resp.StatusCode, errors.Join(err, errLost))
	}
	var answer struct {
		Spend []struct {
			Currency                string
			Sales, Returns, Tickets int64
		}
	}
	if err := json.Unmarshal(raw, &answer); err != nil {
		return fmt.Errorf("reading an answer of the API: %w", err)
	}
	got := demo.Sample{Bought: map[string]int64{}, Back: map[string]int64{}}
	for _, x := range answer.Spend {
		got.Tickets += int(x.Tickets)
		add(got.Bought, x.Currency, x.Sales)
		add(got.Back, x.Currency, x.Returns)
	}
	if got.Tickets != want.Tickets || !maps.Equal(got.Bought, want.Bought) || !maps.Equal(got.Back, want.Back) {
		return fmt.Errorf("a customer has %+v instead of %+v: %w", got, want, errLost)
	}
	return nil
}

func add(to map[string]int64, key string, n int64) {
	if n != 0 {
		to[key] += n
	}
}

// checkTrouble: nothing was refused on the way, by nobody.
func (b *backfill) checkTrouble(ctx context.Context) error {
	var errs []error
	for _, p := range b.meter.stack.processes {
		if p.admin == "" {
			continue
		}
		for _, name := range []string{"rcu_stream_dead_letters_total", "rcu_ingestor_dead_letters_total", "rcu_sink_insert_failures_total"} {
			n, err := p.metric(ctx, name)
			if err == nil && n > 0 {
				err = fmt.Errorf("%s of %s is %.0f", name, p.stage, n)
			}
			errs = append(errs, err)
		}
	}
	partitions, err := b.meter.stack.count(ctx, "SELECT uniqExact(partition) FROM system.parts WHERE active AND database = currentDatabase() AND table = 'events'")
	if err == nil && partitions > 2 {
		err = fmt.Errorf("%d partitions of events: they are cut by the month of receipt", partitions)
	}
	b.r.Slices = map[string]float64{}
	for _, why := range []string{"idle", "share"} {
		n, merr := b.meter.resolver.metric(ctx, "rcu_stream_background_slices_total", `why="`+why+`"`)
		b.r.Slices[why], err = n, errors.Join(err, merr)
	}
	return errors.Join(append(errs, err)...)
}
