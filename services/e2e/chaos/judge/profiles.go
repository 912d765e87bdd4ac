package judge

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"rcu/pkg/event"
	"rcu/pkg/identifier"
	"rcu/pkg/profile"
	eventpb "rcu/schemas/event"
	"rcu/services/internal/demo"
	"rcu/services/profileapi"
)

// profileRow is a profile as ClickHouse has it.
type profileRow struct {
	Controller string           `json:"controller"`
	RCUID      string           `json:"rcu_id"`
	Version    uint64           `json:"version"`
	Counters   map[string]int64 `json:"counters"`
	Currency   []string         `json:"currency"`
	Month      []int32          `json:"month"`
	Channel    []string         `json:"channel"`
	Sales      []int64          `json:"sales"`
	Returns    []int64          `json:"returns"`
	Tickets    []int64          `json:"tickets"`
	Baskets    int64            `json:"baskets"`
}

const profilesQuery = "SELECT controller, rcu_id, version, counters, `spend.currency` AS currency, `spend.month` AS month, `spend.channel` AS channel, " +
	"`spend.sales` AS sales, `spend.returns` AS returns, `spend.tickets` AS tickets, open_baskets AS baskets FROM profiles FINAL"

// spend is money of a currency, month and channel, in one form for every store.
func spend(currency string, month int32, channel string, sales, returns, tickets int64) string {
	return fmt.Sprintf("%s/%d/%s=%d-%d/%d", currency, month, channel, sales, returns, tickets)
}

func (r *profileRow) facts() string {
	var out []string
	for i := range r.Currency {
		out = append(out, spend(r.Currency[i], r.Month[i], r.Channel[i], r.Sales[i], r.Returns[i], r.Tickets[i]))
	}
	return factsOf(out, r.Counters)
}

func factsOf(spends []string, counters map[string]int64) string {
	slices.Sort(spends)
	for _, k := range slices.Sorted(maps.Keys(counters)) {
		if counters[k] != 0 {
			spends = append(spends, fmt.Sprintf("%s=%d", k, counters[k]))
		}
	}
	return strings.Join(spends, " ")
}

// combined is the same of the combination of leaves.
func combined(leaves []*profile.State) string {
	p := profile.Combine(leaves)
	var out []string
	for _, x := range p.Spend {
		out = append(out, spend(x.Currency, x.Month, event.ChannelName(x.Channel), x.Sales, x.Returns, x.Tickets))
	}
	counters := maps.Clone(p.Counters)
	if counters == nil {
		counters = map[string]int64{}
	}
	if p.Retractions > 0 {
		counters[profile.TypeRetracted] = p.Retractions
	}
	return factsOf(out, counters)
}

func published(p *eventpb.Profile) string {
	var out []string
	for _, x := range p.GetSpend() {
		out = append(out, spend(x.GetCurrency(), x.GetMonth(), event.ChannelName(x.GetChannel()), x.GetSales(), x.GetReturns(), x.GetTickets()))
	}
	return factsOf(out, p.GetCounters())
}

// profiles compares the last version of every profile on the topic and in ClickHouse with what the leaves say now.
func (s *state) profiles(ctx context.Context) error {
	rows := map[string]*profileRow{}
	err := query(ctx, s.f, profilesQuery, func(r *profileRow) { rows[r.Controller+"/"+r.RCUID] = r })
	if err != nil {
		return err
	}
	s.v.Profiles = len(rows)
	for key, p := range s.topics.profiles {
		r := rows[key]
		switch {
		case p.GetGone() && r != nil:
			s.v.differ("profile that is gone", "%s is still in clickhouse", key)
		case p.GetGone():
		case r == nil:
			s.v.differ("profile in clickhouse", "%s is missing", key)
		case r.Version != p.GetVersion() || r.facts() != published(p):
			s.v.differ("profile in clickhouse", "%s: wanted version %d %s, got %d %s", key, p.GetVersion(), published(p), r.Version, r.facts())
		}
	}
	for key := range rows {
		if s.topics.profiles[key] == nil {
			s.v.differ("profile in clickhouse", "%s was never published", key)
		}
	}
	return s.combine(ctx, rows)
}

// combine compares the rows with the state in Redis, combined as the API does.
func (s *state) combine(ctx context.Context, rows map[string]*profileRow) error {
	for some := range slices.Chunk(slices.Sorted(maps.Keys(rows)), factsAtOnce) {
		var keys []identifier.Key
		for _, name := range some {
			p, err := s.f.Keyring.Identifier(demo.Space, rows[name].RCUID)
			if err != nil {
				return fmt.Errorf("reading the id of a profile: %w", err)
			}
			keys = append(keys, identifier.KeyOf("", p))
		}
		people, err := s.reader.People(ctx, demo.Space, keys, s.o.now)
		if err != nil {
			return fmt.Errorf("reading people: %w", err)
		}
		for i, name := range some {
			r, p := rows[name], people[i]
			if want := combined(p.Owned(r.Controller)); s.o.name(p.Canonical) != r.RCUID || r.facts() != want {
				s.v.differ("profile", "%s: wanted %s %s, got %s", name, s.o.name(p.Canonical), want, r.facts())
			}
		}
	}
	return nil
}

// asks at once.
const asks = 4

// answers asks the API for everybody who owns something that is no browsing, and compares it with the oracle.
func (s *state) answers(ctx context.Context) error {
	owned := map[string][]*profile.State{}
	for _, l := range s.o.leaves {
		if l.owner != "" && l.state.Leaf().Device.Value == "" {
			owned[l.owner] = append(owned[l.owner], l.state)
		}
	}
	s.v.People = len(owned)
	type finding struct{ id, want, got string }
	names := slices.Sorted(maps.Keys(owned))
	found := make([]*finding, len(names))
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(asks)
	for i, id := range names {
		g.Go(func() error {
			got, err := s.ask(ctx, id)
			if want := combined(owned[id]); err == nil && got != want {
				found[i] = &finding{id, want, got}
			}
			return err
		})
	}
	err := g.Wait()
	for _, x := range found {
		if x != nil {
			s.v.differ("answer of the API", "%s: wanted %s, got %s", x.id, x.want, x.got)
		}
	}
	return err //nolint:wrapcheck // of ask
}

// ask reads one person at the API.
func (s *state) ask(ctx context.Context, id string) (string, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.f.API+"/v1/profiles/"+id+"?purpose=contract", http.NoBody)
	if err != nil {
		return "", fmt.Errorf("asking the API: %w", err)
	}
	req.Header.Set("Authorization", "Bearer "+s.f.Reader)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return "", fmt.Errorf("asking the API: %w", err)
	}
	defer func() { _ = resp.Body.Close() }()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		return "", fmt.Errorf("asking the API: %w", err)
	}
	if resp.StatusCode != http.StatusOK {
		return resp.Status, nil
	}
	var a profileapi.Answer
	if err := json.Unmarshal(raw, &a); err != nil {
		return "", fmt.Errorf("reading an answer of the API: %w", err)
	}
	if a.RCUID != id {
		return "it is " + a.RCUID, nil
	}
	var out []string
	for _, x := range a.Spend {
		out = append(out, spend(x.Currency, x.Month, x.Channel, x.Sales, x.Returns, x.Tickets))
	}
	counters := maps.Clone(a.Counters)
	if counters == nil {
		counters = map[string]int64{}
	}
	if a.Retractions > 0 {
		counters[profile.TypeRetracted] = a.Retractions
	}
	return factsOf(out, counters), nil
}
