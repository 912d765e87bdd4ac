package load

import (
	"time"

	"rcu/services/ingest"
	"rcu/services/internal/demo"
)

// Mixture says what is sent.
type Mixture struct {
	Seed uint64
	// Customers of the plain load, everybody alike. Default: 1500.
	Customers int
	// People of the history with families, typing errors, repetitions, retractions and returns by order number. Default: 400.
	People int
	// Journeys of the history. Default: 20 a person.
	Journeys int
	// Until is when the last event happened; the same seed and time give the same bytes. Default: the begin of today.
	Until time.Time
}

// every is how many plain events stand for one of the history.
const every = 4

// Source gives the events of a mixture. It is for one goroutine.
type Source struct {
	plain   *demo.Load
	grants  []demo.Event
	history *demo.Generator
	n       int
}

// NewSource prepares a mixture.
func NewSource(m Mixture) (*Source, error) {
	if m.Customers == 0 {
		m.Customers = 1500
	}
	if m.People == 0 {
		m.People = 400
	}
	if m.Journeys == 0 {
		m.Journeys = 20 * m.People
	}
	if m.Until.IsZero() {
		m.Until = time.Now().UTC().Truncate(24 * time.Hour)
	}
	plain := demo.NewLoad(demo.LoadConfig{Seed: m.Seed, People: m.Customers, Skew: 1, Start: m.Until.AddDate(0, 0, -20)})
	cfg := demo.Config{Seed: m.Seed, People: m.People, Journeys: m.Journeys, From: m.Until.AddDate(0, -4, 0), To: m.Until}
	history, err := demo.New(cfg)
	if err != nil {
		return nil, err //nolint:wrapcheck // says all
	}
	s := &Source{plain: plain, grants: plain.Grants(m.Customers / 2), history: history}
	first, err := demo.New(cfg)
	if err != nil {
		return nil, err //nolint:wrapcheck // says all
	}
	for e := range first.All() {
		if decides(e) {
			s.grants = append(s.grants, e)
		}
	}
	return s, nil
}

func decides(e demo.Event) bool { return e.Type == "consent.decided" }

// Decisions are the consent decisions of everybody: they are sent and settled before anything else, so that what may be collected
// does not depend on when it is sent.
func (s *Source) Decisions() []demo.Event { return s.grants }

// Next gives the next event.
func (s *Source) Next() demo.Event {
	s.n++
	if s.n%every == 0 {
		for {
			e, ok := s.history.Next()
			if !ok {
				break
			}
			if !decides(e) {
				return e
			}
		}
	}
	return s.plain.Next()
}

// unlimited is a rate that no source reaches.
const unlimited = 1_000_000

// Sources are those of the demonstration, without limits of their rate.
func Sources() []ingest.SourceSpec {
	var out []ingest.SourceSpec
	for _, x := range demo.Sources() {
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
