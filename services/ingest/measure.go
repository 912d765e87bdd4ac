package ingest

import (
	"encoding/binary"
	"strconv"
	"time"

	"rcu/pkg/stream"
	eventpb "rcu/schemas/event"
)

// measurement is the record of exempt audience measurement of an event; false where the source measures nothing, or the event is no page. It is
// the same whatever the person chose, so it tells nothing about consent; and it names nobody: no device, no id, the hour and not the moment.
func (b *batch) measurement(it *item) (*eventpb.Measurement, bool) {
	if !b.c.source.Measure || it.draft == nil || it.same >= 0 {
		return nil, false
	}
	page, kind, ok := it.draft.Page()
	if !ok {
		return nil, false
	}
	o := it.draft.Origin()
	return &eventpb.Measurement{
		Controller: o.Controller, Source: o.Source, Channel: o.Channel, Type: it.draft.Type(), Hour: it.draft.OccurredAt().Truncate(time.Hour).Unix(),
		Page: page, Kind: kind, Visitor: b.visitor(it),
	}, true
}

// visitor counts the visitors of one source within one day (UTC). The number is made of a secret key, the day, the source and the device: on the
// next day, at another source and in every other topic the same device has another.
func (b *batch) visitor(it *item) uint64 {
	device, ok := it.draft.Device()
	if !ok {
		return 0
	}
	o := it.draft.Origin()
	day := it.draft.OccurredAt().UTC().Format(time.DateOnly)
	digest := b.s.deps.Pseudonyms.Digest64(o.Space, "visitor", strconv.Quote(o.Controller)+strconv.Quote(o.Source)+day+device.Value)
	return binary.BigEndian.Uint64(digest[:])
}

// measured makes the records of the request for rcu.measure. Their time is the hour too: no other topic's records can be matched by it.
func (b *batch) measured() ([]stream.Record, error) {
	var out []stream.Record
	for i := range b.items {
		m, ok := b.measurement(&b.items[i])
		if !ok {
			continue
		}
		r, err := stream.Encode(stream.TopicMeasure, nil, m, b.at.Truncate(time.Hour))
		if err != nil {
			return nil, err
		}
		out = append(out, r)
	}
	return out, nil
}
