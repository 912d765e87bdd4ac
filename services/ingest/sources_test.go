package ingest_test

import (
	"context"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rcu/pkg/auth"
	"rcu/pkg/stream"
	"rcu/pkg/testkit"
	"rcu/schemas"
	eventpb "rcu/schemas/event"
	"rcu/services/ingest"
	"rcu/services/ingest/callcentre"
	"rcu/services/ingest/mobile"
	"rcu/services/ingest/store"
	"rcu/services/ingest/web"
)

func TestParseSources_everyField(t *testing.T) {
	h := auth.HashKey("k")
	got, err := ingest.ParseSources([]byte(`version: 1
sources:
  - {name: till-12, key_sha256: ` + h.String() + `, channel: store, space: group, controller: shop-fr, brand: Maison, store: paris-1, zone: Europe/Paris, country: FR, currency: EUR,
     trust: stated, shared_device: false, card_check: luhn, rate: 1e3, burst: 7}
`))
	require.NoError(t, err)
	require.Len(t, got, 1)
	s := got[0].Principal
	require.Equal(t, h, got[0].Hash)
	require.Equal(t, "Europe/Paris", s.Zone.String())
	require.False(t, *s.SharedDevice)
	s.Zone, s.SharedDevice, s.CardCheck = nil, nil, 0
	require.Equal(t, ingest.Source{
		Name: "till-12", Channel: "store", Space: "group", Controller: "shop-fr", Brand: "Maison", Store: "paris-1",
		Country: "FR", Currency: "EUR", Trust: eventpb.Trust_TRUST_STATED, Rate: 1000, Burst: 7,
	}, s)
}

func TestParseSources_allProblemsAtOnce(t *testing.T) {
	h := auth.HashKey("k").String()
	_, err := ingest.ParseSources([]byte(`version: 1
sources:
  - {name: "a b", key_sha256: ` + h + `, channel: shop, space: "g:1", controller: c, brand: b, zone: Mars/Phobos, country: France, currency: eur, trust: high, shared_device: "no", rate: -1, burst: 0.1, colour: red}
  - {name: a, key_sha256: ` + h + `, channel: web, space: g2, controller: c, brand: b, zone: Local, country: FR, currency: EUR, trust: self, rate: .nan, card_check: maybe}
  - {}
`))
	require.Error(t, err)
	for _, want := range []string{
		"[0].name:", "[0].channel:", "[0].space:", "[0].zone:", "[0].country:", "[0].currency:", "[0].trust:", "[0].shared_device:", "[0].rate:", "[0].burst:", "[0].colour:",
		"[1].key_sha256:", "[1].space:", "[1].zone:", "[1].rate:", "[1].card_check:",
		"[2].name:", "[2].key_sha256:", "[2].channel:", "[2].space:", "[2].controller:", "[2].brand:", "[2].zone:", "[2].country:", "[2].currency:", "[2].trust:",
	} {
		require.ErrorContains(t, err, "sources"+want)
	}
	require.NotContains(t, err.Error(), h)
}

func TestParseSources_twoKeysOfOneSource(t *testing.T) {
	one, two := auth.HashKey("one"), auth.HashKey("two")
	rest := ", channel: store, space: group, controller: shop-fr, brand: Maison, zone: Europe/Paris, country: FR, currency: EUR, trust: stated}\n"
	got, err := ingest.ParseSources([]byte("sources:\n- {name: till-12, key_sha256: " + two.String() + ", old_key_sha256: " + one.String() + ", old_key_until: 2026-12-01T06:00:00Z" + rest))
	require.NoError(t, err)
	require.Len(t, got, 2)
	require.Equal(t, []auth.Hash{two, one}, []auth.Hash{got[0].Hash, got[1].Hash})
	require.Equal(t, got[0].Principal, got[1].Principal)
	require.Zero(t, got[0].Until)
	require.Equal(t, time.Date(2026, 12, 1, 6, 0, 0, 0, time.UTC), got[1].Until.UTC())
}

func TestExampleFile_isValid(t *testing.T) {
	got, err := ingest.LoadSources(filepath.Join(testkit.Root(t), "deploy", "examples", "sources.yaml"))
	require.NoError(t, err)
	require.Len(t, got, 4)
	for _, e := range got {
		require.Equal(t, auth.HashKey("example-"+e.Principal.Name), e.Hash)
	}
}

func TestGenerateSources_keysOpenTheFile(t *testing.T) {
	given := specs()
	given[0].Key = "fixed"
	file, keys, err := ingest.GenerateSources(given)
	require.NoError(t, err)
	require.Equal(t, "fixed", keys["store-1"])
	entries, err := ingest.ParseSources(file)
	require.NoError(t, err)
	for _, e := range entries {
		require.Equal(t, auth.HashKey(keys[e.Principal.Name]), e.Hash)
		require.NotContains(t, string(file), keys[e.Principal.Name])
	}
	given[0].Zone = "Nowhere"
	_, _, err = ingest.GenerateSources(given)
	require.ErrorContains(t, err, "sources[0].zone")
}

func TestSourcesFile_isReadAgain_badOneIsRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "sources.yaml")
	write := func(specs []ingest.SourceSpec) map[string]string {
		file, keys, err := ingest.GenerateSources(specs)
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(path, file, 0o600))
		return keys
	}
	first := write(specs()[:1])
	r := newRig(t, "store", func(c *ingest.Config, d *ingest.Deps) { d.SourcesFile, c.SourcesEvery = path, 20*time.Millisecond })
	r.keys = first
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- r.service.Run(ctx) }()
	require.Equal(t, "accepted", statuses(r.send("store-1", sale("a", ""))))

	require.NoError(t, os.WriteFile(path, []byte("sources: nonsense and more"), 0o600))
	require.Eventually(t, func() bool { return strings.Contains(r.logs.String(), "sources file refused") }, 10*time.Second, 10*time.Millisecond)
	require.Equal(t, "accepted", statuses(r.send("store-1", sale("b", ""))), "the sources before stay in force")

	second := write(specs()[:2])
	require.Eventually(t, func() bool { return r.do(r.request("store-1", sale("c", ""))).Code == 401 }, 10*time.Second, 10*time.Millisecond)
	r.keys = second
	require.Equal(t, "accepted", statuses(r.send("store-1", sale("d", ""))))
	stop()
	require.NoError(t, <-done)
}

func TestContracts_acceptWhatTheSchemasDescribe(t *testing.T) {
	common := names(t, "common")
	for _, c := range []ingest.Contract{store.Contract(), web.Contract(), mobile.Contract(), callcentre.Contract()} {
		require.ElementsMatch(t, append(names(t, c.Channel), common...), c.Types, c.Channel)
		require.Equal(t, "rcu.events."+c.Channel, c.Topic)
		require.Contains(t, stream.EventTopics(), c.Topic)
	}
}

func TestGoldenExamples_areTakenByTheirChannel(t *testing.T) {
	for channel := range newService {
		r := newRig(t, channel, nil)
		r.clock.Store(received.AddDate(0, 6, 0).UnixNano())
		for _, folder := range []string{channel, "common"} {
			entries, err := schemas.Files.ReadDir("channel/" + folder)
			require.NoError(t, err)
			for _, e := range entries {
				if !strings.HasSuffix(e.Name(), ".example.json") {
					continue
				}
				body, err := schemas.Files.ReadFile("channel/" + folder + "/" + e.Name())
				require.NoError(t, err)
				a := r.send(channel+"-1", string(body))
				require.Contains(t, []string{"accepted", "dropped:consent"}, statuses(a), "%s %s: %v", channel, e.Name(), a.Results)
			}
		}
		require.NotEmpty(t, r.events("rcu.events."+channel))
	}
}

func names(t *testing.T, folder string) []string {
	t.Helper()
	entries, err := schemas.Files.ReadDir("channel/" + folder)
	require.NoError(t, err)
	var out []string
	for _, e := range entries {
		if name, ok := strings.CutSuffix(e.Name(), ".json"); ok && !strings.HasSuffix(name, ".example") {
			out = append(out, name)
		}
	}
	return out
}

func TestSharedDevice_defaultOfTheChannel(t *testing.T) {
	yes, no := true, false
	for _, tt := range []struct {
		channel string
		given   *bool
		want    bool
	}{{"store", nil, true}, {"store", &no, false}, {"callcentre", nil, true}, {"web", nil, false}, {"web", &yes, true}, {"mobile", nil, false}} {
		r := newRig(t, tt.channel, func(_ *ingest.Config, d *ingest.Deps) {
			for i := range d.Sources {
				d.Sources[i].Principal.SharedDevice = tt.given
			}
		})
		require.Equal(t, "accepted", statuses(r.send(tt.channel+"-1", goodOf(tt.channel, "a"))))
		require.Equal(t, tt.want, r.events("rcu.events." + tt.channel)[0].GetShared(), tt.channel)
	}
}

func TestConfig_validate_allProblemsAtOnce(t *testing.T) {
	for channel, port := range ingest.Ports {
		require.NoError(t, ingest.Default(channel).Validate())
		require.Equal(t, "127.0.0.1:"+strconv.Itoa(port), ingest.Default(channel).HTTP.Addr)
	}
	err := ingest.Config{}.Validate()
	for _, field := range []string{"http: ", "max_event_bytes", "max_events", "max_in_flight", "max_wait", "consent_timeout", "consent_rest", "publish_timeout", "kafka_rest", "dead_timeout", "sources_every"} {
		require.ErrorContains(t, err, field)
	}
	_, err = store.New(ingest.Default("store"), ingest.Deps{})
	for _, need := range []string{"a logger", "a registerer", "a gatherer", "sources", "a decoder", "a pseudonymiser", "a sealer", "a producer", "consent registers"} {
		require.ErrorContains(t, err, "ingest needs "+need)
	}
}
