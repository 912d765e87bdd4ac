package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"rcu/pkg/embedded"
	"rcu/pkg/identifier"
	"rcu/pkg/identity"
	"rcu/pkg/resolve"
	"rcu/pkg/resolve/stateredis"
	"rcu/pkg/vault"
	"rcu/pkg/yamlfile"
	"rcu/services/internal/demo"
)

const (
	// identifiersOfOne: card, e-mail, phone and payment token.
	identifiersOfOne = 4
	// neighbourly: one phone in so many was also said with a card of somebody else, so that a rule about owners means something.
	neighbourly = 20
	// graphFillers is how many fill the graph at once; graphStep how many people each takes.
	graphFillers = 4
	graphStep    = 400
	// outboxStep is how many entries of the outbox are taken off at once.
	outboxStep = 1000
	// ownersTried is how many owners an e-mail or phone has by the rules that are tried.
	ownersTried = 3
)

// fillGraph stores people of four identifiers through the graph's own port. What that leaves in the outbox is taken off: nobody is told of them.
func fillGraph(ctx context.Context, s *stack, identifiers int, say func(string, ...any)) error {
	ring, _, err := vault.LoadOrCreate(filepath.Join(s.dir, "keys.json"))
	if err != nil {
		return fmt.Errorf("reading the keys: %w", err)
	}
	client, err := stateredis.Open(ctx, stateredis.Config{Addrs: []string{s.redis.Addr()}})
	if err != nil {
		return err //nolint:wrapcheck // says all
	}
	defer func() { _ = client.Close() }()
	people, now := identifiers/identifiersOfOne, time.Now().Unix()
	g, work := errgroup.WithContext(ctx)
	g.SetLimit(graphFillers)
	var done atomic.Int64
	for from := 0; from < people && work.Err() == nil; from += graphStep {
		g.Go(func() error {
			graph, err := resolve.NewGraph(stateredis.NewGraph(client), identity.DefaultRules())
			if err != nil {
				return err //nolint:wrapcheck // says all
			}
			to := min(from+graphStep, people)
			if _, err := graph.Apply(work, demo.Space, factsOf(ring, from, to, people, now), nil, now); err != nil {
				return fmt.Errorf("filling the graph: %w", err)
			}
			if n := done.Add(int64(to - from)); n%50_000 < graphStep {
				say("%d of %d people", n, people)
			}
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		return err //nolint:wrapcheck // of ours
	}
	return emptyOutbox(ctx, stateredis.NewGraph(client))
}

func emptyOutbox(ctx context.Context, state resolve.GraphState) error {
	for {
		items, err := state.ReadOutbox(ctx, demo.Space, "", outboxStep)
		if err != nil || len(items) == 0 {
			return err //nolint:wrapcheck // says all
		}
		if err := state.TrimOutbox(ctx, demo.Space, items[len(items)-1].ID); err != nil {
			return err //nolint:wrapcheck // says all
		}
	}
}

// factsOf are two events of each person, and a third of some.
func factsOf(ring *vault.Keyring, from, to, people int, now int64) []identity.Fact {
	rng := rand.New(rand.NewPCG(uint64(from), 7)) //nolint:gosec // not for secrets
	key := func(ns identifier.Namespace, n int) identifier.Key {
		return identifier.KeyOf(ns, ring.Pseudonym(demo.Space, ns, fmt.Sprintf("stored %d", n)))
	}
	facts := make([]identity.Fact, 0, (2*neighbourly+1)*(to-from)/neighbourly+1)
	show := func(person int, stated bool, keys ...identifier.Key) {
		facts = append(facts, &identity.Event{ID: fmt.Sprintf("stored/%d-%d", person, len(facts)), T: now - rng.Int64N(1<<25), Keys: keys, Stated: stated})
	}
	for i := from; i < to; i++ {
		show(i, rng.IntN(3) == 0, key(identifier.Card, i), key(identifier.Email, i), key(identifier.Phone, i))
		show(i, false, key(identifier.Email, i), key(identifier.Pay, i))
		if i%neighbourly == 0 {
			show(i, false, key(identifier.Card, rng.IntN(people)), key(identifier.Phone, i))
		}
	}
	return facts
}

// dryRun is what `rcu rules try` answers of a space.
type dryRun struct {
	Seconds float64         `json:"seconds"`
	Effect  identity.Effect `json:"effect"`
}

// tryRules runs `rcu rules try` with rules by which an e-mail or phone may have more owners.
func (s *stack) tryRules(ctx context.Context) (dryRun, error) {
	file, err := s.moreOwners()
	if err != nil {
		return dryRun{}, err
	}
	cmd := exec.CommandContext(ctx, s.o.rcu, "--data", s.dir, "--json", "rules", "try", file, //nolint:gosec // our own program
		"--kafka", s.kafka.Addr(), "--redis", s.redis.Addr(), "--clickhouse", s.click.DSN(embedded.UserAdmin, ""))
	var out, problems bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &problems
	if err := cmd.Run(); err != nil {
		return dryRun{}, fmt.Errorf("trying rules: %w: %s", err, problems.Bytes())
	}
	var answers []dryRun
	if err := json.Unmarshal(out.Bytes(), &answers); err != nil {
		return dryRun{}, fmt.Errorf("reading what a dry run answers: %w", err)
	}
	if len(answers) != 1 || answers[0].Effect.Released == 0 {
		return dryRun{}, fmt.Errorf("the dry run released nothing: %s", out.Bytes())
	}
	return answers[0], nil
}

// moreOwners writes the default rules with more owners of an e-mail or phone.
func (s *stack) moreOwners() (file string, err error) {
	raw, err := os.ReadFile(filepath.Join(s.o.root, "docs", "rules", "default.yaml"))
	if err != nil {
		return "", fmt.Errorf("reading the default rules: %w", err)
	}
	var rules map[string]any
	if err := yamlfile.Decode(raw, &rules); err != nil {
		return "", fmt.Errorf("reading the default rules: %w", err)
	}
	namespaces, _ := rules["namespaces"].(map[string]any)
	for _, n := range []identifier.Namespace{identifier.Email, identifier.Phone} {
		if of, known := namespaces[string(n)].(map[string]any); known {
			of["owners"] = ownersTried
		}
	}
	if raw, err = yamlfile.Encode(rules); err != nil {
		return "", fmt.Errorf("writing rules: %w", err)
	}
	if err := s.write("rules-tried.yaml", raw); err != nil {
		return "", fmt.Errorf("writing rules: %w", err)
	}
	return filepath.Join(s.dir, "rules-tried.yaml"), nil
}
