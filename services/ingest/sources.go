package ingest

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"golang.org/x/time/rate"

	"rcu/pkg/auth"
	"rcu/pkg/event"
	"rcu/pkg/identifier"
	eventpb "rcu/schemas/event"
)

// Source is one producer of events, as sources.yaml has it.
type Source struct {
	Name         string
	Channel      string
	Space        string
	Controller   string
	Brand        string
	Store        string // empty where the source has none
	Zone         *time.Location
	Country      string
	Currency     string
	Trust        eventpb.Trust
	SharedDevice *bool // nil: the default of the channel
	CardCheck    identifier.CardCheck
	Rate         float64 // events a second
	Burst        int     // events at once
	History      bool    // it may send to the history lane
	Measure      bool    // its pages are counted by exempt audience measurement
	Corrections  bool    // what people correct on the preference centre comes in under its name
}

// Limits of a source that states none, and of what it may state.
const (
	defaultRate  = 1000
	defaultBurst = 2000
	maxRate      = 1_000_000
)

var trusts = map[string]eventpb.Trust{
	"imported": eventpb.Trust_TRUST_IMPORTED,
	"stated":   eventpb.Trust_TRUST_STATED,
	"self":     eventpb.Trust_TRUST_SELF,
	"verified": eventpb.Trust_TRUST_VERIFIED,
}

// ParseSources reads sources.yaml; a file with any problem is refused with all of them. A source whose key is being changed gives two entries.
func ParseSources(data []byte) ([]auth.Entry[Source], error) {
	list, err := auth.ReadList(data, "sources")
	if err != nil {
		return nil, err
	}
	var out []auth.Entry[Source]
	names, hashes, spaces, corrected := map[string]bool{}, map[auth.Hash]bool{}, map[string]string{}, map[string]bool{}
	list.Each(func(f *auth.Fields) {
		keys, s := f.KeyHashes(hashes), readSource(f)
		auth.Unique(f, "name", names, s.Name)
		if known, ok := spaces[s.Controller]; ok && known != s.Space {
			f.Problem("space", "an earlier entry has this controller in another space: a controller belongs to one")
		}
		spaces[s.Controller] = s.Space
		checkCorrections(f, s, corrected)
		out = append(out, auth.EachKey(keys, s)...)
	})
	if err := list.Err(); err != nil {
		return nil, err
	}
	return out, nil
}

func readSource(f *auth.Fields) Source {
	s := Source{
		Name:       safe(f, "name", f.Text("name")),
		Channel:    f.Choice("channel", "store", "web", "mobile", "callcentre"),
		Space:      safe(f, "space", f.Text("space")),
		Controller: safe(f, "controller", f.Text("controller")),
		Brand:      f.Text("brand"),
		Trust:      trusts[f.Choice("trust", "imported", "stated", "self", "verified")],
		Rate:       f.Number("rate", defaultRate, 0.01, maxRate),
		Burst:      int(f.Number("burst", defaultBurst, 1, maxRate)),
	}
	s.Store, _ = f.OptionalText("store")
	s.Zone = readZone(f)
	s.Country = capitals(f, "country", 2, "ISO 3166-1 alpha-2")
	s.Currency = capitals(f, "currency", 3, "ISO 4217")
	s.SharedDevice = f.OptionalBool("shared_device")
	if h := f.OptionalBool("history"); h != nil {
		s.History = *h
	}
	if m := f.OptionalBool("measure"); m != nil {
		s.Measure = *m
	}
	if c := f.OptionalBool("corrections"); c != nil {
		s.Corrections = *c
	}
	if _, ok := f.OptionalText("card_check"); ok {
		s.CardCheck, _ = identifier.ParseCardCheck(f.Choice("card_check", "auto", "none", "ean13", "luhn", "any"))
	}
	return s
}

const nameLetters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_."

// safe keeps the bytes out of names that separate the parts of keys.
func safe(f *auth.Fields, field, s string) string {
	outside := func(r rune) bool { return !strings.ContainsRune(nameLetters, r) }
	if strings.ContainsFunc(s, outside) {
		f.Problem(field, "want letters, digits, dot, dash and underscore only")
	}
	return s
}

func readZone(f *auth.Fields) *time.Location {
	name := f.Text("zone")
	if name == "" {
		return time.UTC
	}
	zone, err := time.LoadLocation(name)
	if err != nil || name == "Local" {
		f.Problem("zone", "want a zone of the IANA data base, as Europe/Paris")
		return time.UTC
	}
	return zone
}

func capitals(f *auth.Fields, field string, n int, standard string) string {
	s := f.Text(field)
	ok := len(s) == n
	for i := range len(s) {
		ok = ok && s[i] >= 'A' && s[i] <= 'Z'
	}
	if s != "" && !ok {
		f.Problem(field, fmt.Sprintf("want the %d capital letters of %s", n, standard))
	}
	return s
}

// client is a source with what the service keeps of it.
type client struct {
	source Source
	origin *event.Origin
	limit  *rate.Limiter
	slots  chan struct{} // requests of this source at work

	history  bool // the request goes through the history lane
	contract Contract
}

// newClient prepares a source for a channel whose defaults it takes.
func newClient(s Source, c Contract, inFlight int) *client {
	shared := c.SharedDevice
	if s.SharedDevice != nil {
		shared = *s.SharedDevice
	}
	return &client{
		source:   s,
		contract: c,
		limit:    rate.NewLimiter(rate.Limit(s.Rate), s.Burst),
		slots:    make(chan struct{}, max(1, inFlight*3/4)),
		origin:   s.origin(shared),
	}
}

// origin is what events inherit of their source.
func (s Source) origin(shared bool) *event.Origin {
	return &event.Origin{
		Space: s.Space, Controller: s.Controller, Source: s.Name, Channel: event.ChannelOf(s.Channel), Brand: s.Brand, Store: s.Store,
		Zone: s.Zone, Country: s.Country, Currency: s.Currency, Trust: s.Trust, SharedDevice: shared, CardCheck: s.CardCheck,
	}
}

// clients prepares the sources of all channels: one of another channel is known, and refused. All keys of a source share its limits.
func clients(entries []auth.Entry[Source], c Contract, inFlight int) (*auth.Keys[*client], error) {
	if len(entries) == 0 {
		return nil, errors.New("ingest needs at least one source")
	}
	out := make([]auth.Entry[*client], 0, len(entries))
	byName := make(map[string]*client, len(entries))
	for _, e := range entries {
		one := byName[e.Principal.Name]
		if one == nil {
			one = newClient(e.Principal, c, inFlight)
			byName[e.Principal.Name] = one
		}
		out = append(out, auth.Entry[*client]{Hash: e.Hash, Principal: one, Until: e.Until})
	}
	return auth.NewKeys(out)
}

// LoadSources reads the file sources.yaml.
func LoadSources(path string) ([]auth.Entry[Source], error) {
	data, err := os.ReadFile(path) //nolint:gosec // G304: the operator names the file
	if err != nil {
		return nil, fmt.Errorf("reading sources: %w", err)
	}
	entries, err := ParseSources(data)
	if err != nil {
		return nil, fmt.Errorf("reading sources in %s: %w", path, err)
	}
	return entries, nil
}
