package main

import (
	"errors"
	"fmt"
	"io"
	"text/tabwriter"
	"time"
)

// report is all figures of a run.
type report struct {
	Machine   machine            `json:"machine"`
	Settings  settings           `json:"settings"`
	Real      *pathFigures       `json:"real,omitempty"`
	Copy      *pathFigures       `json:"copy,omitempty"`
	Ratio     float64            `json:"ratio,omitempty"` // of events/s to ClickHouse, real to copy
	Reads     *readFigures       `json:"reads,omitempty"`
	Memory    *memoryFigures     `json:"memory,omitempty"`
	Half      *steadyFigures     `json:"half_load,omitempty"`
	Steady    *steadyFigures     `json:"steady,omitempty"`
	Rebuild   *rebuildFigures    `json:"rebuild,omitempty"`
	Growth    []sizeFigures      `json:"growth,omitempty"`
	Partition []partitionFigures `json:"partition,omitempty"`
}

// settings of the load; services and servers run with their defaults.
type settings struct {
	Events   int     `json:"events"`
	WarmUp   int     `json:"warm_up"`
	People   int     `json:"people"`
	Granted  int     `json:"granted"`
	Skew     float64 `json:"zipf_skew"`
	Batch    int     `json:"events_per_request"`
	Requests int     `json:"requests_at_once"`
}

func settingsOf(o options) settings {
	return settings{Events: o.events, WarmUp: o.warm, People: o.people, Granted: max(1, o.people/4), Skew: o.skew, Batch: o.batch, Requests: o.workers}
}

// pathFigures are those of one path. Rates count accepted events from the first request on.
type pathFigures struct {
	Accepted          int64              `json:"accepted"`
	Dropped           int64              `json:"dropped"` // browsing without a grant
	Repeated          int64              `json:"requests_repeated"`
	IngestSeconds     float64            `json:"ingest_seconds"` // until the last request was answered
	RedisSeconds      float64            `json:"redis_seconds,omitempty"`
	RedisRate         float64            `json:"redis_events_per_second,omitempty"`
	ClickHouseSeconds float64            `json:"clickhouse_seconds"`
	ClickHouseRate    float64            `json:"clickhouse_events_per_second"`
	Seconds           float64            `json:"seconds"` // until changelogs and profiles were out, too: what the processor time is of
	CPU               map[string]float64 `json:"cpu_microseconds_per_event"`
	OthersCores       float64            `json:"cores_used_by_other_programs"`
}

var stageOrder = []string{"client", "ingest", "kafka", "resolver", "copy", "redis", "sink", "clickhouse"}

// stages works out the processor time of each stage per accepted event.
func (f *pathFigures) stages(before, after map[string]time.Duration) {
	f.CPU = map[string]float64{}
	ours := time.Duration(0)
	for _, stage := range stageOrder {
		if _, there := after[stage]; !there {
			continue
		}
		used := after[stage] - before[stage]
		ours += used
		f.CPU[stage] = float64(used.Microseconds()) / float64(f.Accepted)
	}
	f.CPU["all"] = float64(ours.Microseconds()) / float64(f.Accepted)
	f.OthersCores = max(0, (after["machine"]-before["machine"]-ours).Seconds()/f.Seconds)
}

// print writes the report for people.
func (r *report) print(to io.Writer) error {
	w := tabwriter.NewWriter(to, 2, 0, 2, ' ', 0)
	p := &printer{w: w}
	m := r.Machine
	p.line("commit\t%s, %s, %s, %s", m.Commit, m.Date, m.Go, m.OS)
	p.line("machine\t%d cores, %s, %d MB", m.Cores, m.CPU, m.MemoryMB)
	s := r.Settings
	p.line("load\t%d events after %d of warm-up, %d customers (Zipf %.2g, %d granted browsing), %d events a request, %d requests at once",
		s.Events, s.WarmUp, s.People, s.Skew, s.Granted, s.Batch, s.Requests)
	p.path("real path", r.Real)
	p.path("plain copy", r.Copy)
	if r.Ratio > 0 {
		p.line("ratio\t%.2f of the plain copy's events/s to ClickHouse", r.Ratio)
	}
	if r.Real != nil || r.Copy != nil {
		p.cpu(r)
	}
	if x := r.Reads; x != nil {
		p.line("\nread, %d at once\tp50 ms\tp99 ms\treads/s\tbytes", x.Readers)
		p.line("GET /v1/profiles/{id}\t%.2f\t%.2f\t%.0f\t%d", x.Profile.P50, x.Profile.P99, x.Profile.Rate, x.Profile.Bytes)
		p.line("one raw GET\t%.2f\t%.2f\t%.0f\t%d", x.Raw.P50, x.Raw.P99, x.Raw.Rate, x.Raw.Bytes)
	}
	if x := r.Memory; x != nil {
		p.line("\nRedis, %d profiles\tkeys\tbytes a key\tbytes a profile", x.Profiles)
		for _, k := range x.Kinds {
			p.line("%s %s\t%d\t%.0f\t%.0f", k.Kind, k.Says, k.Keys, k.PerKey, k.PerOwner)
		}
		p.line("all\t\t\t%.0f", x.Total)
		p.line("used_memory\t\t\t%.0f", float64(x.Used)/float64(max(x.Profiles, 1)))
	}
	p.steady("half load", r.Half)
	p.steady("steady load", r.Steady)
	if x := r.Rebuild; x != nil {
		p.line("\nrebuild of Redis\t%d profiles, %d components, %d leaves in %.1f s: %.0f profiles/s", x.Profiles, x.Components, x.Leaves, x.Seconds, x.ProfilesPerSecond)
	}
	if len(r.Growth) > 0 {
		p.line("\nprofiles\tcustomers/s\tlive events/s\tread p50 ms\tp99 ms\tRedis bytes a profile\tClickHouse MB")
		for _, x := range r.Growth {
			p.line("%d\t%.0f\t%.0f\t%.2f\t%.2f\t%.0f\t%d", x.Profiles, x.Recorded, x.Live, x.Read.P50, x.Read.P99, x.PerProfile, x.Rows>>20)
		}
	}
	if len(r.Partition) > 0 {
		p.line("\nPartition, edges\tns\tallocations")
		for _, x := range r.Partition {
			p.line("%d\t%.0f\t%d", x.Edges, x.Nanoseconds, x.Allocations)
		}
	}
	return errors.Join(p.err, w.Flush())
}

type printer struct {
	w   io.Writer
	err error
}

func (p *printer) line(format string, args ...any) {
	_, err := fmt.Fprintf(p.w, format+"\n", args...)
	p.err = errors.Join(p.err, err)
}

func (p *printer) path(name string, f *pathFigures) {
	if f == nil {
		return
	}
	p.line("\n%s\t%d events accepted, %d dropped without consent, %d requests repeated", name, f.Accepted, f.Dropped, f.Repeated)
	if f.RedisRate > 0 {
		p.line("to Redis\t%.0f events/s (%.1f s)", f.RedisRate, f.RedisSeconds)
	}
	p.line("to ClickHouse\t%.0f events/s (%.1f s)", f.ClickHouseRate, f.ClickHouseSeconds)
	p.line("last answer of ingest\t%.1f s; changelogs and profiles out %.1f s; other programs used %.2f cores", f.IngestSeconds, f.Seconds, f.OthersCores)
}

func (p *printer) steady(name string, f *steadyFigures) {
	if f == nil {
		return
	}
	p.line("\n%s\t%.0f of %.0f events/s asked for, %d accepted, %d requests repeated", name, f.Load.Sent, f.Load.Asked, f.Load.Accepted, f.Load.Repeated)
	p.line("single orders, from sending\tp50 ms\tp99 ms\tmax ms")
	for _, x := range []struct {
		says string
		of   spread
	}{{"answered", f.Orders.Answer}, {"readable by the API", f.Orders.Readable}, {"in ClickHouse", f.Orders.ClickHouse}} {
		p.line("%s\t%.0f\t%.0f\t%.0f", x.says, x.of.P50, x.of.P99, x.of.Max)
	}
	f.Stages.print(p.w)
}

func (p *printer) cpu(r *report) {
	p.line("\nCPU us/event\treal\tcopy")
	for _, stage := range append(stageOrder, "all") {
		p.line("%s\t%s\t%s", stage, r.Real.cpu(stage), r.Copy.cpu(stage))
	}
}

func (f *pathFigures) cpu(stage string) string {
	if f == nil {
		return ""
	}
	v, there := f.CPU[stage]
	if !there {
		return "-"
	}
	return fmt.Sprintf("%.1f", v)
}
