package twin

import (
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rcu/pkg/event"
	"rcu/pkg/identity"
	"rcu/pkg/testkit"
	eventpb "rcu/schemas/event"
	"rcu/services/e2e/compose"
	"rcu/services/e2e/realdata"
	"rcu/services/internal/demo"
)

// scored prints the scores with names off and attested.
func scored(t *testing.T, inputs []Input, truth realdata.Truth, names map[string]string) map[identity.Names]realdata.Scores {
	t.Helper()
	e, err := Read(inputs, time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC))
	require.NoError(t, err)
	out := map[identity.Names]realdata.Scores{}
	for _, mode := range []identity.Names{identity.NamesOff, identity.NamesAttested} {
		found, err := e.Records(mode)
		require.NoError(t, err)
		out[mode] = realdata.Score(found, truth)
		t.Logf("names %-10q %s", mode, out[mode])
		require.Empty(t, realdata.NamesakesJoined(found, truth, names), "people of one name are joined")
	}
	return out
}

func composed(t *testing.T, people int) map[identity.Names]realdata.Scores {
	t.Helper()
	data := filepath.Dir(testkit.Data(t, "er"))
	c, err := compose.Compose(compose.Config{Data: data, Mappings: filepath.Join(testkit.Root(t), "deploy", "mappings"), Seed: 1, People: people})
	require.NoError(t, err)
	zone, err := time.LoadLocation("America/New_York")
	require.NoError(t, err)
	inputs := make([]Input, len(c.Events))
	for i, e := range c.Events {
		inputs[i] = Input{e.Source, e.ID, e.JSON, &event.Origin{
			Space: "s", Controller: "c", Source: e.Source, Channel: event.ChannelOf(e.Channel), Brand: "b", Zone: zone,
			Country: "US", Currency: "USD", Trust: eventpb.Trust_TRUST_STATED,
		}}
	}
	return scored(t, inputs, c.Truth(), c.Names)
}

func TestRealPeople(t *testing.T) {
	s := composed(t, 300)
	require.Greater(t, s[identity.NamesAttested].Precision, 0.98)
	require.Greater(t, s[identity.NamesAttested].Recall, 0.65)
	require.Less(t, s[identity.NamesAttested].OthersShare, s[identity.NamesOff].OthersShare/2, "names take events off wrong records")
}

func TestAllRealPeople(t *testing.T) {
	testkit.Long(t)
	composed(t, 0)
}

func demonstration(t *testing.T, cfg demo.Config) map[identity.Names]realdata.Scores {
	t.Helper()
	origins := map[string]*event.Origin{}
	for _, s := range demo.Sources() {
		zone, err := time.LoadLocation(s.Zone)
		require.NoError(t, err)
		origins[s.Name] = &event.Origin{
			Space: s.Space, Controller: s.Controller, Source: s.Name, Channel: event.ChannelOf(s.Channel), Brand: s.Brand, Store: s.Store, Zone: zone,
			Country: s.Country, Currency: s.Currency, Trust: eventpb.Trust_TRUST_STATED, SharedDevice: s.SharedDevice,
		}
	}
	g, err := demo.New(cfg)
	require.NoError(t, err)
	var inputs []Input
	truth := realdata.Truth{}
	for e := range g.All() {
		inputs = append(inputs, Input{e.Source, e.ID, e.JSON, origins[e.Source]})
		switch e.Type { // those have no leaf of a person without consent, or none at all
		case "page.viewed", "product.viewed", "basket.updated", "app.opened", "screen.viewed", "consent.decided", "loyalty.card_replaced":
			continue
		}
		if e.Person >= 0 {
			truth[realdata.EventKey{Source: e.Source, ID: e.ID}] = strconv.Itoa(e.Person)
		}
	}
	return scored(t, inputs, truth, nil)
}

func TestDemonstration(t *testing.T) {
	s := demonstration(t, demo.Default())
	require.Greater(t, s[identity.NamesAttested].Precision, 0.9)
	require.Greater(t, s[identity.NamesAttested].Recall, 0.6)
}

func TestLargeDemonstration(t *testing.T) {
	testkit.Long(t)
	cfg := demo.Default()
	cfg.People, cfg.From = 2000, cfg.From.AddDate(-1, -6, 0)
	demonstration(t, cfg)
}
