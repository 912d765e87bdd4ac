package stack

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"rcu/pkg/auth"
	"rcu/pkg/yamlfile"
	"rcu/services/ingest"
	"rcu/services/internal/demo"
)

// Controllers and the space of every stack: those of the demonstration, so that its load can be streamed in.
const (
	Space   = demo.Space
	Retail  = demo.Retail
	Digital = demo.Digital
)

// Sources of every stack, besides those of the demonstration.
const (
	TillParis  = "till-paris-1" // store, Retail, EUR
	TillLyon   = "till-lyon-1"  // store, Retail, EUR
	TillLondon = "till-london-1"
	Shop       = "shop-fr"    // web, Digital
	App        = "app-maison" // mobile, Digital
	Desk       = "desk-fr"    // call centre, Retail
	// Records brings customers of former systems in; its trust is imported.
	Records = "records-fr"
	// Archive brings the tickets of former tills in, through the history lane.
	Archive = "tickets-fr"
	// OwnShop is a web shop of the controller of the stores.
	OwnShop = "shop-retail"
	// Preferences is the preference centre of the controller of the stores, as the source of what people correct there.
	Preferences = "preferences-retail"
)

// Readers of every stack: a role and the controllers it reads.
const (
	Service        = "service"         // service, both
	RetailService  = "retail-service"  // service, Retail
	DigitalService = "digital-service" // service, Digital
	Seller         = "seller"          // seller, both
	Adviser        = "adviser"         // adviser, both
	Steward        = "steward"         // steward, both
	Stranger       = "stranger"        // service of another space
)

// loadRate lets one source carry a whole load.
const loadRate = 50_000

// channels of the sources.
var channels = map[string]string{Records: demo.CallCentre, Archive: demo.Store, OwnShop: demo.Web, Preferences: demo.Web}

func init() {
	for _, x := range demo.Sources() {
		channels[x.Name] = x.Channel
	}
}

func sources() []ingest.SourceSpec {
	var out []ingest.SourceSpec
	for _, x := range demo.Sources() {
		out = append(out, ingest.SourceSpec{
			Name: x.Name, Channel: x.Channel, Space: x.Space, Controller: x.Controller, Brand: x.Brand, Store: x.Store,
			Zone: x.Zone, Country: x.Country, Currency: x.Currency, Trust: x.Trust, SharedDevice: yes(x.SharedDevice), Rate: loadRate, Burst: loadRate,
		})
	}
	own := ingest.SourceSpec{Space: Space, Controller: Retail, Brand: "maison", Zone: "Europe/Paris", Country: "FR", Currency: "EUR", Rate: loadRate, Burst: loadRate}
	records, archive, shop, preferences := own, own, own, own
	records.Name, records.Channel, records.Trust = Records, channels[Records], "imported"
	archive.Name, archive.Channel, archive.Trust, archive.Store, archive.History = Archive, channels[Archive], "stated", "paris-1", true
	shop.Name, shop.Channel, shop.Trust = OwnShop, channels[OwnShop], "self"
	preferences.Name, preferences.Channel, preferences.Trust, preferences.Corrections = Preferences, channels[Preferences], "self", true
	return append(out, records, archive, shop, preferences)
}

func yes(b bool) *bool {
	if !b {
		return nil
	}
	return &b
}

type readerSpec struct {
	Name        string   `yaml:"name"`
	KeySHA256   string   `yaml:"key_sha256"`
	Role        string   `yaml:"role"`
	Space       string   `yaml:"space"`
	Controllers []string `yaml:"controllers"`
	Store       string   `yaml:"store,omitempty"`
}

func readers() []readerSpec {
	both := []string{Retail, Digital}
	return []readerSpec{
		{Name: Service, Role: "service", Space: Space, Controllers: both},
		{Name: RetailService, Role: "service", Space: Space, Controllers: both[:1]},
		{Name: DigitalService, Role: "service", Space: Space, Controllers: both[1:]},
		{Name: Seller, Role: "seller", Space: Space, Controllers: both, Store: "paris-1"},
		{Name: Adviser, Role: "adviser", Space: Space, Controllers: both},
		{Name: Steward, Role: "steward", Space: Space, Controllers: both},
		{Name: Stranger, Role: "service", Space: "elsewhere", Controllers: []string{"stranger"}},
	}
}

// writeLists writes sources.yaml, readers.yaml and the settings.
func (s *Stack) writeLists(t testing.TB) {
	t.Helper()
	file, keys, err := ingest.GenerateSources(sources())
	require.NoError(t, err)
	s.sourceKeys = keys
	s.write(t, "sources.yaml", file)

	s.readerKeys = map[string]string{}
	list := readers()
	for i := range list {
		key, hash, err := auth.NewKey()
		require.NoError(t, err)
		s.readerKeys[list[i].Name], list[i].KeySHA256 = key, hash.String()
	}
	file, err = yamlfile.Encode(map[string]any{"version": 1, "readers": list})
	require.NoError(t, err)
	s.write(t, "readers.yaml", file)

	ports := map[string]int{"profile-api": 0, "contacts": 0, "steward": 0, "consent-api": 0}
	for _, channel := range []string{demo.Store, demo.Web, demo.Mobile, demo.CallCentre} {
		ports["ingest-"+channel] = 0
	}
	file, err = yamlfile.Encode(map[string]any{
		"admin": "127.0.0.1:0", "ports": ports, "embedded": map[string]int{"kafka_port": 0, "redis_port": 0, "clickhouse_port": 0},
	})
	require.NoError(t, err)
	s.write(t, "rcu.yaml", file)
}

func (s *Stack) write(t testing.TB, name string, content []byte) {
	t.Helper()
	require.NoError(t, os.WriteFile(s.path(name), content, 0o600))
}

// IngestURLs are the addresses of the four ingestors by channel.
func (s *Stack) IngestURLs() map[string]string {
	out := map[string]string{}
	for _, channel := range []string{demo.Store, demo.Web, demo.Mobile, demo.CallCentre} {
		out[channel] = s.URL("ingest-" + channel)
	}
	return out
}

// SourceKeys are the bearer keys of the sources.
func (s *Stack) SourceKeys() map[string]string { return s.sourceKeys }

// ReaderKey is the bearer key of a reader.
func (s *Stack) ReaderKey(reader string) string { return s.readerKeys[reader] }
