package realdata

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rcu/pkg/event"
	"rcu/pkg/identifier"
	"rcu/pkg/testkit"
	"rcu/schemas"
	eventpb "rcu/schemas/event"
	"rcu/services/internal/importer"
)

// plain names the pseudonyms it made, so that a test can count customers by their values.
type plain struct{ value map[string]string }

func (p plain) Pseudonym(space string, ns identifier.Namespace, value string) identifier.Pseudonym {
	sum := sha256.Sum256([]byte(space + "\x00" + string(ns) + "\x00" + value))
	var out identifier.Pseudonym
	copy(out[1:], sum[:])
	p.value[hex.EncodeToString(out[:])] = value
	return out
}

func (plain) Digest16(_, kind, text string) uint16 {
	sum := sha256.Sum256([]byte(kind + text))
	return uint16(sum[0])<<8 | uint16(sum[1]) | 1
}

func (plain) Digest64(_, kind, content string) (out [8]byte) {
	sum := sha256.Sum256([]byte(kind + content))
	copy(out[:], sum[:])
	return out
}

// origin is the source of an import, as sources.yaml would have it.
func origin(t *testing.T, i Import) *event.Origin {
	t.Helper()
	zone, err := time.LoadLocation(i.Zone)
	require.NoError(t, err)
	check, ok := identifier.ParseCardCheck(i.CardCheck)
	require.True(t, ok)
	return &event.Origin{
		Space: "s", Controller: "c", Source: i.Name, Channel: event.ChannelOf(i.Channel), Brand: "b", Zone: zone, Currency: i.Currency, Country: i.Country,
		Trust: eventpb.Trust_TRUST_IMPORTED, CardCheck: check,
	}
}

// imported maps the file and passes every event through the product's decoder; what comes out is counted.
func imported(t *testing.T, i Import) (Figures, importer.Report) {
	t.Helper()
	o, path := origin(t, i), testkit.Data(t, i.File...)
	raw, err := os.ReadFile(filepath.Join(testkit.Root(t), "deploy", "mappings", i.Mapping))
	require.NoError(t, err)
	m, err := importer.ParseMapping(raw)
	require.NoError(t, err)
	decoder, err := event.NewDecoder(schemas.Files)
	require.NoError(t, err)
	out, names, ids := NewFigures(), plain{map[string]string{}}, map[string]bool{}
	now := time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)
	report, err := m.Map(context.Background(), importer.Input{Files: []string{path}}, func(e importer.Event) error {
		require.False(t, ids[e.ID], "an id repeats")
		ids[e.ID] = true
		d, no := decoder.Decode(e.JSON, o, now)
		if no != nil {
			t.Fatalf("line %d rejected: %s %s: %s", e.Line, no.Field, no.Reason, no.Fix)
		}
		require.Empty(t, d.Dropped(), "unknown fields")
		require.Empty(t, d.NotIdentifiers(), "identifiers dropped on line %d", e.Line)
		require.Zero(t, d.Surplus())
		d.Pseudonymise(names)
		ev, _, decisions := d.Stamp(names, func(identifier.Key) int64 { return 1 })
		if ev == nil {
			require.NotEmpty(t, decisions)
			out.Events[d.Type()]++
			return nil
		}
		out.Add(fact(ev, names))
		return nil
	})
	require.NoError(t, err)
	require.Empty(t, report.Bad)
	out.Rows, out.Duplicates = report.Rows, report.Duplicates
	for _, n := range report.Skipped {
		out.Skipped += n
	}
	return out, report
}

func fact(e *eventpb.Event, names plain) Fact {
	f := Fact{Type: e.GetType()}
	for _, id := range e.GetIdentifiers() {
		if identifier.Namespace(id.GetNamespace()).Kind() == identifier.KindPerson {
			f.Customer = names.value[hex.EncodeToString(id.GetPseudonym())]
			break
		}
	}
	zone, _ := time.LoadLocation(e.GetZone())
	month := time.UnixMicro(e.GetOccurredAt()).In(zone).Format("2006-01")
	goods := func(total *eventpb.Money, lines []*eventpb.Line) {
		f.Currency, f.Month, f.Total, f.Lines = total.GetCurrency(), month, total.GetMinor(), len(lines)
		for _, l := range lines {
			f.LineSum += l.GetAmount()
		}
	}
	switch e.GetType() {
	case "sale":
		goods(e.GetSale().GetTotal(), e.GetSale().GetLines())
	case "return":
		goods(e.GetReturn().GetTotal(), e.GetReturn().GetLines())
	case "order.placed":
		goods(e.GetOrderPlaced().GetTotal(), e.GetOrderPlaced().GetLines())
	case "order.state_changed":
		f.State = e.GetOrderStateChanged().GetState()
	}
	return f
}
