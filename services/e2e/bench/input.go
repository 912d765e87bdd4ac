package main

import (
	"bytes"
	"fmt"
	"time"

	"rcu/services/ingest"
	"rcu/services/internal/demo"
)

// request is one body that is ready to be posted.
type request struct {
	channel, source string
	body            []byte
	events          int
}

// input is everything that is sent, in three parts.
type input struct {
	grants, warm, load []request
	more               *demo.Load // goes on where load ends
	sources            []byte
	keys               map[string]string
}

// generate makes the whole input, so that none of it is made while the clock runs.
func generate(o options) (*input, error) {
	in := &input{}
	var err error
	if in.sources, in.keys, err = ingest.GenerateSources(sources()); err != nil {
		return nil, fmt.Errorf("making the list of sources: %w", err)
	}
	total := o.events + o.warm
	load := demo.NewLoad(demo.LoadConfig{Seed: 1, People: o.people, Skew: o.skew, Start: time.Now().Add(-time.Duration(total+60_000+o.further()) * time.Millisecond)})
	in.grants = pack(load.Grants(max(1, o.people/4)), o.batch)
	in.warm = pack(take(load, o.warm), o.batch)
	in.load = pack(take(load, o.events), o.batch)
	in.more = load
	return in, nil
}

func take(load *demo.Load, n int) []demo.Event {
	out := make([]demo.Event, n)
	for i := range out {
		out[i] = load.Next()
	}
	return out
}

// pack puts the events of each source into requests, in the order in which they fill up.
func pack(events []demo.Event, batch int) []request {
	var out []request
	open := map[string]*request{}
	var order []string
	for i := range events {
		e := &events[i]
		r := open[e.Source]
		if r == nil {
			r = &request{channel: e.Channel, source: e.Source}
			open[e.Source] = r
			order = append(order, e.Source)
		}
		r.body = append(append(r.body, bytes.TrimSpace(e.JSON)...), '\n')
		if r.events++; r.events == batch {
			out = append(out, *r)
			*r = request{channel: e.Channel, source: e.Source}
		}
	}
	for _, source := range order {
		if r := open[source]; r.events > 0 {
			out = append(out, *r)
		}
	}
	return out
}

// unlimited is a rate that no source reaches.
const unlimited = 1_000_000

func sources() []ingest.SourceSpec {
	var out []ingest.SourceSpec
	for _, x := range withRecords(demo.Sources()) {
		s := ingest.SourceSpec{
			Name: x.Name, Channel: x.Channel, Space: x.Space, Controller: x.Controller, Brand: x.Brand, Store: x.Store, Zone: x.Zone,
			Country: x.Country, Currency: x.Currency, Trust: x.Trust, Rate: unlimited, Burst: unlimited,
		}
		if x.SharedDevice {
			s.SharedDevice = &x.SharedDevice
		}
		out = append(out, s)
	}
	return out
}

// withRecords adds the source of recorded customers.
func withRecords(list []demo.Source) []demo.Source {
	for _, x := range demo.BaseSources() {
		if x.Name == demo.Records {
			list = append(list, x)
		}
	}
	return list
}
