package realfiles

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rcu/pkg/event"
	"rcu/pkg/identity"
	"rcu/pkg/testkit"
	eventpb "rcu/schemas/event"
	"rcu/services/e2e/compose"
	"rcu/services/e2e/realdata"
	"rcu/services/e2e/stack"
	"rcu/services/e2e/twin"
	"rcu/services/ingest"
	"rcu/services/internal/demo"
)

// people is the space and the controller of the composition.
const people = "people"

// TestAllRealPeople puts the people of all sets under real tickets, orders and calls, lets the pipeline find them, and scores its
// records against the truth, beside the kernel's own on the same events: by the rules that an installation begins with, and nightly without names.
func TestAllRealPeople(t *testing.T) {
	testkit.Long(t)
	data := filepath.Dir(testkit.Data(t, "er"))
	c, err := compose.Compose(compose.Config{Data: data, Mappings: filepath.Join(testkit.Root(t), "deploy", "mappings"), Seed: 1})
	require.NoError(t, err)
	truth, kernel := c.Truth(), evidence(t, c)
	for _, names := range []identity.Names{identity.NamesAttested, identity.NamesOff} {
		title := string(names)
		if names == identity.NamesOff {
			title = "off"
		}
		t.Run("names "+title, func(t *testing.T) {
			if names != identity.DefaultRules().Names {
				testkit.Nightly(t)
			}
			s := stack.StartOwn(t, sources(), map[string]any{"identity": map[string]string{"rules": rules(t, title)}})
			took := stream(t, s, c)
			found := records(t, s)
			got := realdata.Score(found, truth)
			alone, err := kernel.Records(names)
			require.NoError(t, err)
			want := realdata.Score(alone, truth)
			t.Logf("%d events of real people, names %s\n  pipeline  %s\n  kernel    %s\n  %.1f s until settled, %d events a second",
				len(c.Events), title, got, want, took.Seconds(), int(float64(len(c.Events))/took.Seconds()))
			require.Len(t, found, len(c.Events), "every event has a row")
			require.Empty(t, realdata.NamesakesJoined(found, truth, c.Names), "people of one name are joined")
			require.Empty(t, differ(alone, found), "the pipeline's records are the kernel's, event by event")
			require.Equal(t, want, got)
		})
	}
}

// differ lists the first few events that do not lie with the same others in both.
func differ(a, b map[realdata.EventKey]string) (out []string) {
	there, back := map[string]string{}, map[string]string{}
	for event := range b {
		x, y := a[event], b[event]
		if _, known := there[x]; !known {
			there[x] = y
		}
		if _, known := back[y]; !known {
			back[y] = x
		}
		if (there[x] != y || back[y] != x || (x == "") != (y == "")) && len(out) < 5 {
			out = append(out, event.Source+" "+event.ID)
		}
	}
	return out
}

func zone(t *testing.T) *time.Location {
	t.Helper()
	z, err := time.LoadLocation("America/New_York")
	require.NoError(t, err)
	return z
}

func sources() []ingest.SourceSpec {
	const loadRate = 100_000
	var out []ingest.SourceSpec
	for _, channel := range []string{demo.Store, demo.Web, demo.CallCentre} {
		out = append(out, ingest.SourceSpec{
			Name: compose.SourceOf(channel), Channel: channel, Space: people, Controller: people, Brand: "b", Zone: "America/New_York",
			Country: "US", Currency: "USD", Trust: "stated", Rate: loadRate, Burst: loadRate,
		})
	}
	return out
}

// rules writes the default rules with another judgement of names.
func rules(t *testing.T, names string) string {
	t.Helper()
	raw, err := json.Marshal(identity.DefaultRules())
	require.NoError(t, err)
	var doc map[string]json.RawMessage
	require.NoError(t, json.Unmarshal(raw, &doc))
	doc["names"], err = json.Marshal(names)
	require.NoError(t, err)
	raw, err = json.Marshal(doc)
	require.NoError(t, err)
	path := filepath.Join(t.TempDir(), "rules.json")
	require.NoError(t, os.WriteFile(path, raw, 0o600))
	return path
}

// evidence is what the events tell the kernel without the pipeline.
func evidence(t *testing.T, c compose.Composition) *twin.Evidence {
	t.Helper()
	inputs := make([]twin.Input, len(c.Events))
	for i, e := range c.Events {
		inputs[i] = twin.Input{Source: e.Source, ID: e.ID, JSON: e.JSON, Origin: &event.Origin{
			Space: people, Controller: people, Source: e.Source,
			Channel: event.ChannelOf(e.Channel), Brand: "b", Zone: zone(t), Country: "US", Currency: "USD", Trust: eventpb.Trust_TRUST_STATED,
		}}
	}
	e, err := twin.Read(inputs, time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC))
	require.NoError(t, err)
	return e
}

// stream sends the composition and waits until ClickHouse has it.
func stream(t *testing.T, s *stack.Stack, c compose.Composition) time.Duration {
	t.Helper()
	began, i := time.Now(), 0
	counts, err := demo.Stream(t.Context(), demo.StreamConfig{URLs: s.IngestURLs(), Keys: s.SourceKeys()}, func() (demo.Event, bool) {
		if i == len(c.Events) {
			return demo.Event{}, false
		}
		e := c.Events[i]
		i++
		return demo.Event{Channel: e.Channel, Source: e.Source, ID: e.ID, Type: e.Type, JSON: e.JSON}, true
	})
	require.NoError(t, err)
	require.Equal(t, len(c.Events), counts.Outcome.Accepted)
	sent := time.Since(began)
	return sent + s.Settled(t, settleLimit)
}

// records gives the customer of every event as ClickHouse has it now.
func records(t *testing.T, s *stack.Stack) map[realdata.EventKey]string {
	t.Helper()
	out := map[realdata.EventKey]string{}
	for _, r := range s.Query(t, stack.Admin, `SELECT source, event_id, `+owner+` AS id FROM events FINAL WHERE controller = {c:String}`, map[string]string{"c": people}) {
		out[realdata.EventKey{Source: r.Text("source"), ID: r.Text("event_id")}] = r.Text("id")
	}
	return out
}
