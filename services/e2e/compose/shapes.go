package compose

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"rcu/services/internal/importer"
)

// shape is a real event without its people: when it happened and what was in it.
type shape struct {
	Type string          `json:"type"`
	At   string          `json:"occurred_at"`
	Data json.RawMessage `json:"data"`
}

type ident struct {
	Namespace string `json:"namespace"`
	Value     string `json:"value"`
	Proved    bool   `json:"proved,omitempty"`
	Scope     string `json:"scope,omitempty"`
}

// pools holds the real events of one file by the customer who made them, so that one person's events keep one customer's rhythm.
type pools struct{ of [][]shape }

// take gives the events of customer n of the pool, at most k of them.
func (p pools) take(n, k int) []shape {
	list := p.of[n%len(p.of)]
	return list[:min(k, len(list))]
}

// load maps a real file and gathers its events of the wanted types by their best identifier; customers with fewer than two events are left out.
func load(mapping, file, namespace string, types ...string) (pools, error) {
	raw, err := os.ReadFile(mapping) //nolint:gosec // a mapping of deploy/mappings
	if err != nil {
		return pools{}, fmt.Errorf("reading mapping: %w", err)
	}
	m, err := importer.ParseMapping(raw)
	if err != nil {
		return pools{}, err
	}
	by := map[string][]shape{}
	_, err = m.Map(context.Background(), importer.Input{Files: []string{file}}, func(e importer.Event) error {
		var s struct {
			shape
			Identifiers []ident `json:"identifiers"`
		}
		if err := json.Unmarshal(e.JSON, &s); err != nil {
			return fmt.Errorf("decoding shape: %w", err)
		}
		if !slices.Contains(types, s.Type) || len(e.JSON) > 4096 {
			return nil
		}
		for _, id := range s.Identifiers {
			if id.Namespace == namespace {
				by[id.Value] = append(by[id.Value], s.shape)
			}
		}
		return nil
	})
	if err != nil {
		return pools{}, err
	}
	var p pools
	names := make([]string, 0, len(by))
	for name, list := range by {
		if len(list) > 1 {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	for _, name := range names {
		list := by[name]
		slices.SortFunc(list, func(a, b shape) int {
			return cmp.Or(cmp.Compare(a.At, b.At), cmp.Compare(string(a.Data), string(b.Data)))
		})
		p.of = append(p.of, list)
	}
	if len(p.of) == 0 {
		return p, fmt.Errorf("no events of %v in the file", types)
	}
	return p, nil
}

// real are the events that the people are put under.
type real struct{ tickets, orders, calls pools }

func loadReal(data, mappings string) (real, error) {
	var out real
	var err error
	if out.tickets, err = load(filepath.Join(mappings, "complete-journey-tickets.yaml"), filepath.Join(data, "pos", "completejourney_transactions.csv.gz"), "card", "sale"); err != nil {
		return out, err
	}
	if out.orders, err = load(filepath.Join(mappings, "uci-orders.yaml"), filepath.Join(data, "web", "uci_online_retail_2010-12_2011-06.csv.gz"), "customer", "order.placed"); err != nil {
		return out, err
	}
	out.calls, err = load(filepath.Join(mappings, "technion-calls.yaml"), filepath.Join(data, "callcentre", "technion_calls_aug_01_15.csv.gz"), "customer", "call.ended")
	return out, err
}
