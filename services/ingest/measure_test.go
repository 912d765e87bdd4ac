package ingest_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rcu/pkg/auth"
	"rcu/pkg/identifier"
	"rcu/pkg/stream"
	eventpb "rcu/schemas/event"
	"rcu/services/ingest"
)

func measuring(_ *ingest.Config, d *ingest.Deps) {
	sources := append([]auth.Entry[ingest.Source]{}, d.Sources...)
	for i := range sources {
		sources[i].Principal.Measure = sources[i].Principal.Channel == "web"
	}
	d.Sources = sources
}

func (r *rig) measurements() (out []*eventpb.Measurement) {
	r.t.Helper()
	for _, rec := range r.producer.of(stream.TopicMeasure) {
		require.Empty(r.t, rec.Key)
		require.Equal(r.t, rec.Time, rec.Time.Truncate(time.Hour))
		m := &eventpb.Measurement{}
		require.NoError(r.t, rec.Decode(m))
		out = append(out, m)
	}
	return out
}

// What is measured is the same with and without consent, and holds no id of the event, the person or the device.
func TestMeasure_isTheSameWhateverWasChosen_andNamesNobody(t *testing.T) {
	const first, second = "2026-03-14T11:17:31Z", "2026-03-14T11:40:02Z"
	r := newRig(t, "web", measuring)
	r.clock.Add(int64(17 * time.Minute)) // no full hour
	require.Equal(t, "dropped:consent", statuses(r.send("web-1", page("p1", "ck1", first))))
	r.send("web-1", decision("g", "cookie", "ck1", "unify_behaviour", "grant", at10))
	require.Equal(t, "accepted accepted", statuses(r.send("web-1", list(page("p2", "ck1", second), page("p2", "ck1", second)))))
	r.cells.away.Store(true)
	require.Equal(t, "accepted:held", statuses(r.send("web-1", page("p3", "ck1", second))))
	ms := r.measurements()
	require.Len(t, ms, 3, "a repetition inside a request is one")
	device := r.pseudonym(identifier.Cookie, "ck1")
	for i, m := range ms {
		require.Equal(t, ms[0].String(), m.String(), "no difference tells of consent")
		require.Equal(t, []any{seconds(t, at11), "/shoes", "web-1", "shop-fr"}, []any{m.GetHour(), m.GetPage(), m.GetSource(), m.GetController()})
		raw := string(r.producer.of(stream.TopicMeasure)[i].Value)
		for _, never := range []string{string(device[:]), "ck1", "p1", "p2", "p3"} {
			require.NotContains(t, raw, never)
		}
	}
}

func TestMeasure_visitorsLastOneDay_atOneSource(t *testing.T) {
	r := newRig(t, "web", measuring)
	r.send("web-1", list(page("p1", "ck1", at9), page("p2", "ck1", at11), page("p3", "ck1", "2026-03-13T11:00:00Z"), page("p4", "ck2", at11)))
	ms := r.measurements()
	require.Equal(t, ms[0].GetVisitor(), ms[1].GetVisitor())
	require.NotEqual(t, ms[0].GetVisitor(), ms[2].GetVisitor(), "the day before")
	require.NotEqual(t, ms[0].GetVisitor(), ms[3].GetVisitor(), "another device")
	require.NotZero(t, ms[0].GetVisitor())
}

func TestMeasure_onlyPages_ofSourcesThatMeasure(t *testing.T) {
	r := newRig(t, "web", measuring)
	r.send("web-1", list(goodOf("web", "o"), decision("g", "cookie", "ck1", "unify_behaviour", "grant", at10)))
	require.Empty(t, r.measurements())
	off := newRig(t, "web", nil)
	off.send("web-1", page("p", "ck1", at11))
	require.Empty(t, off.measurements(), "off unless sources.yaml says so")
}
