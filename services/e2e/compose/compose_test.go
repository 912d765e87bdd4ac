package compose

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rcu/pkg/event"
	"rcu/pkg/testkit"
	"rcu/schemas"
	eventpb "rcu/schemas/event"
)

var loaded struct {
	sync.Once
	real
	err error
}

// composed puts people of every set under the real events, which are read once for all tests.
func composed(t *testing.T, people int) Composition {
	t.Helper()
	data := filepath.Dir(testkit.Data(t, "er"))
	loaded.Do(func() {
		loaded.real, loaded.err = loadReal(data, filepath.Join(testkit.Root(t), "deploy", "mappings"))
	})
	require.NoError(t, loaded.err)
	out, err := composeFrom(Config{Data: data, Seed: 1, People: people}, loaded.real)
	require.NoError(t, err)
	return out
}

func originOf(t *testing.T, channel string) *event.Origin {
	t.Helper()
	zone, err := time.LoadLocation("America/New_York")
	require.NoError(t, err)
	return &event.Origin{
		Space: "s", Controller: "c", Source: SourceOf(channel), Channel: event.ChannelOf(channel), Brand: "b", Zone: zone, Country: "US", Currency: "USD",
		Trust: eventpb.Trust_TRUST_STATED,
	}
}

func TestComposeIsRepeatableAndKeepsTheTruthApart(t *testing.T) {
	a, b := composed(t, 60), composed(t, 60)
	require.Equal(t, a, b)
	for _, e := range a.Events {
		require.NotContains(t, string(e.JSON), "rec-")
		if e.Person != "" {
			require.NotContains(t, e.ID, e.Person)
		}
		var m map[string]any
		require.NoError(t, json.Unmarshal(e.JSON, &m))
		for k := range m {
			require.Contains(t, "id type occurred_at identifiers traits data", k)
		}
	}
	dir := t.TempDir()
	require.NoError(t, a.Write(dir))
	truth, err := os.ReadFile(filepath.Join(dir, "truth.csv"))
	require.NoError(t, err)
	require.Equal(t, len(a.Events)+1, strings.Count(string(truth), "\n"))
	for _, channel := range []string{"store", "web", "callcentre"} {
		raw, err := os.ReadFile(filepath.Join(dir, channel+".ndjson"))
		require.NoError(t, err)
		require.NotEmpty(t, raw)
	}
}

func TestComposedEventsAreTakenAsTheyAre(t *testing.T) {
	d, err := event.NewDecoder(schemas.Files)
	require.NoError(t, err)
	origins := map[string]*event.Origin{}
	out, sets := composed(t, 120), map[string]bool{}
	for _, e := range out.Events {
		if origins[e.Channel] == nil {
			origins[e.Channel] = originOf(t, e.Channel)
		}
		draft, no := d.Decode(e.JSON, origins[e.Channel], time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC))
		if no != nil {
			t.Fatalf("%s rejected at %s: %s", e.Type, no.Field, no.Reason)
		}
		require.Empty(t, draft.Dropped())
		set, _, _ := strings.Cut(e.Person, ":")
		sets[set] = true
	}
	for _, s := range AllSets() {
		require.True(t, sets[s], s)
	}
	require.Len(t, out.Names, 120)
}
