package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"time"

	"rcu/pkg/identity"
	"rcu/services/internal/boot"
)

type rulesApplyCmd struct {
	storeFlags
	File string `arg:"" type:"existingfile" help:"Rules, YAML or JSON."`
}

// Help gives the example.
func (rulesApplyCmd) Help() string {
	return "From the first moment on every answer is by the new rules: whatever is read and was judged by older ones is judged again. What is stored follows in small\n" +
		"steps, while events go on being taken; cut short, it goes on at the next call, or when a resolver starts. What is fixed for the life of a store is refused.\n" +
		"A file of rules in the configuration of a resolver must have this version, or a lower one, which then yields.\n\nExample:\n\n  rcu rules try rules.yaml && rcu rules apply rules.yaml"
}

// applied is what was done in one space.
type applied struct {
	Space      string  `json:"space"`
	Changed    bool    `json:"changed"` // false: these rules were in force
	Components int     `json:"components"`
	Seconds    float64 `json:"seconds"`
}

// Run applies.
func (c rulesApplyCmd) Run(ctx context.Context, a *app) error {
	rules, err := readRules(c.File)
	if err != nil {
		return &boot.UsageError{Err: err}
	}
	d, spaces, closeAll, err := c.open(ctx, a)
	if err != nil {
		return err
	}
	defer closeAll()
	for _, space := range spaces { // all are told before the first one changes
		if err := d.mayApply(ctx, space, rules); err != nil {
			return err
		}
	}
	var answer []applied
	for _, space := range spaces {
		x, err := d.apply(ctx, a, space, rules)
		if err != nil {
			return err
		}
		answer = append(answer, x)
	}
	return a.answer(answer, func(w io.Writer) {
		for _, x := range answer {
			what := "in force"
			if !x.Changed {
				what = "in force as before"
			}
			_, _ = fmt.Fprintf(w, "space %s: the rules are %s, %d components judged in %.1f s\n", x.Space, what, x.Components, x.Seconds)
		}
	})
}

// mayApply reports why a space cannot take rules.
func (d *deps) mayApply(ctx context.Context, space string, rules identity.Rules) error {
	held, err := d.graph.Reload(ctx, space)
	if err != nil {
		return err //nolint:wrapcheck // says all
	}
	if fixed := held.Rules().FixedProblems(rules); len(fixed) > 0 {
		return &boot.UsageError{Err: fmt.Errorf("the space %s cannot take these rules: %w", space, fixed)}
	}
	if inForce := held.Rules().Version; inForce > rules.Version {
		return &boot.UsageError{Err: fmt.Errorf("the space %s has rules of version %d, the file has version %d: give it a higher one", space, inForce, rules.Version)}
	}
	if _, err := d.rulesFor(space, rules); err != nil {
		return &boot.UsageError{Err: err}
	}
	return nil
}

// apply puts rules in force in a space and walks over what is stored.
func (d *deps) apply(ctx context.Context, a *app, space string, rules identity.Rules) (applied, error) {
	x := applied{Space: space}
	wanted, err := d.rulesFor(space, rules)
	if err != nil {
		return x, err
	}
	held, err := d.graph.Kernel(ctx, space)
	if err != nil {
		return x, err //nolint:wrapcheck // says all
	}
	same, err := sameRules(held.Rules(), wanted)
	if err != nil {
		return x, err
	}
	if x.Changed = !same; x.Changed {
		if err := d.graph.SetRules(ctx, space, wanted, time.Now().Unix()); err != nil {
			return x, refusedRules(err)
		}
	}
	if err := d.tellRulesOnce(ctx, space); err != nil {
		return x, err
	}
	started := time.Now()
	m := newSteps(a)
	err = d.graph.RejudgeAll(ctx, space, func() int64 { return time.Now().Unix() }, func(step string, done, total int) {
		x.Components = done
		m.set(step, int64(done), int64(total))
	})
	m.done()
	x.Seconds = time.Since(started).Seconds()
	if err != nil {
		return x, fmt.Errorf("the new rules are in force; judging what is stored by them was cut short, call again to go on: %w", err)
	}
	return x, nil
}

// tellRulesOnce puts the rules of a space on the changelog of the graph.
func (d *deps) tellRulesOnce(ctx context.Context, space string) error {
	producer, err := d.producer()
	if err != nil {
		return err
	}
	err = d.tellRules(ctx, producer, []string{space})
	closing, done := context.WithTimeout(context.WithoutCancel(ctx), closeProducer)
	defer done()
	if cerr := producer.Close(closing); err == nil && cerr != nil {
		err = fmt.Errorf("publishing identity rules: %w", cerr)
	}
	return err
}

// closeProducer is how long a command waits for what it published.
const closeProducer = 10 * time.Second

// jsonDocument is a value as the document that its JSON is.
func jsonDocument(v any) (map[string]any, error) {
	raw, err := json.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("writing rules: %w", err)
	}
	var doc map[string]any
	if err := json.Unmarshal(raw, &doc); err != nil {
		return nil, fmt.Errorf("writing rules: %w", err)
	}
	return doc, nil
}
