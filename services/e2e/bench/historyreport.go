package main

import (
	"errors"
	"io"
	"text/tabwriter"
)

// historyReport is all figures of an import beside live events.
type historyReport struct {
	Machine           machine            `json:"machine"`
	Rate              float64            `json:"events_per_second"` // of the base, to ClickHouse
	PostedSeconds     float64            `json:"posted_seconds"`    // until the last line was accepted
	RedisSeconds      float64            `json:"redis_seconds"`
	ClickHouseSeconds float64            `json:"clickhouse_seconds"`
	ImporterMB        int64              `json:"importer_mb"` // most memory of one import
	Load              paced              `json:"live_load"`
	Alone             delays             `json:"live_alone"`  // single orders before the import
	Beside            delays             `json:"live_beside"` // and during it
	Before            size               `json:"before"`
	After             size               `json:"after"`
	Most              backlog            `json:"most_waiting"`
	Slices            map[string]float64 `json:"slices"`  // of the history lane, by why they began
	Sampled           int                `json:"sampled"` // customers whose sums the API told right
}

// print writes the report for people.
func (r *historyReport) print(to io.Writer) error {
	w := tabwriter.NewWriter(to, 2, 0, 2, ' ', 0)
	p := &printer{w: w}
	m := r.Machine
	p.line("commit\t%s, %s, %s, %s", m.Commit, m.Date, m.Go, m.OS)
	p.line("machine\t%d cores, %s, %d MB", m.Cores, m.CPU, m.MemoryMB)
	p.line("import\t%.0f events/s to ClickHouse; accepted %.0f s, readable %.0f s, in ClickHouse %.0f s", r.Rate, r.PostedSeconds, r.RedisSeconds, r.ClickHouseSeconds)
	p.line("importer\t%d MB at most", r.ImporterMB)
	p.line("slices\t%.0f while live events had little lag, %.0f of the least share", r.Slices["idle"], r.Slices["share"])
	p.line("live load\t%.0f events/s sent, %d requests repeated", r.Load.Sent, r.Load.Repeated)
	p.line("\nsingle orders\talone p50 ms\tp99\tbeside p50 ms\tp99\tmax\tratio of p99")
	for _, x := range []struct {
		name string
		a, b spread
	}{{"answer", r.Alone.Answer, r.Beside.Answer}, {"readable", r.Alone.Readable, r.Beside.Readable}, {"in ClickHouse", r.Alone.ClickHouse, r.Beside.ClickHouse}} {
		p.line("%s\t%.0f\t%.0f\t%.0f\t%.0f\t%.0f\t%.1f", x.name, x.a.P50, x.a.P99, x.b.P50, x.b.P99, x.b.Max, ratio(x.b.P99, x.a.P99))
	}
	p.line("\ngrowth\tbefore\tafter")
	for _, x := range []struct {
		name          string
		before, after int64
	}{
		{"Redis used_memory, MB", r.Before.Redis >> 20, r.After.Redis >> 20},
		{"ClickHouse, MB", r.Before.Disk >> 20, r.After.Disk >> 20},
		{"ClickHouse rows", r.Before.Rows, r.After.Rows},
		{"ClickHouse parts", r.Before.Parts, r.After.Parts},
		{"Kafka, MB", r.Before.Kafka >> 20, r.After.Kafka >> 20},
		{"profiles", r.Before.Customers, r.After.Customers},
	} {
		p.line("%s\t%d\t%d", x.name, x.before, x.after)
	}
	p.line("bytes of Redis a profile\t\t%.0f", ratio(float64(r.After.Redis-r.Before.Redis), float64(r.After.Customers-r.Before.Customers)))
	p.line("most waiting\t%d to resolve, %d to publish, %d to write", r.Most.Resolver, r.Most.Pending, r.Most.Sink)
	p.line("exact\tevery event once, sums to the cent, %d customers by the API; no dead letter, no refused insert", r.Sampled)
	return errors.Join(p.err, w.Flush())
}
