package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"strings"
	"time"

	"go.uber.org/zap"

	"rcu/pkg/identifier"
	"rcu/pkg/identity"
	"rcu/pkg/yamlfile"
)

// rejudgeComponents is how many components one step judges by changed rules.
const rejudgeComponents = 200

// readRules reads a file of identity rules, JSON or YAML, in the form that `rcu identity solve` takes.
func readRules(path string) (identity.Rules, error) {
	raw, err := os.ReadFile(path) //nolint:gosec // the operator's own file
	if err != nil {
		return identity.Rules{}, fmt.Errorf("reading identity rules: %w", err)
	}
	doc, err := yamlfile.ToJSON(raw)
	if err != nil {
		return identity.Rules{}, fmt.Errorf("reading identity rules in %s: %w", path, err)
	}
	rules, err := identity.CheckRules(doc)
	if err != nil {
		return identity.Rules{}, fmt.Errorf("checking %s: %w", path, err)
	}
	return rules, nil
}

// rulesFor are the rules of a file as they hold in a space, where blocked values are pseudonyms.
func (d *deps) rulesFor(space string, rules identity.Rules) (identity.Rules, error) {
	var err error
	rules.Blocked, err = d.blocked(space, rules.Blocked)
	return rules, err
}

// setRules puts the rules of the configuration in force in the spaces. Without any, those in force stay.
func (d *deps) setRules(ctx context.Context, spaces []string) error {
	path := d.settings.Identity.Rules
	if path == "" {
		return nil
	}
	rules, err := readRules(path)
	if err != nil {
		return err
	}
	for _, space := range spaces {
		wanted, err := d.rulesFor(space, rules)
		if err != nil {
			return err
		}
		held, err := d.graph.Kernel(ctx, space)
		if err != nil {
			return err //nolint:wrapcheck // says all
		}
		if equal, err := sameRules(held.Rules(), wanted); equal || err != nil {
			if err != nil {
				return err
			}
			continue
		}
		if inForce := held.Rules().Version; inForce > rules.Version {
			d.log.Warn("identity rules of the configuration are older than those in force, which stay", zap.String("space", space),
				zap.Int64("version", rules.Version), zap.Int64("in_force", inForce))
			continue
		}
		if err := d.graph.SetRules(ctx, space, wanted, time.Now().Unix()); err != nil {
			return fmt.Errorf("taking the rules of %s for the space %s: %w", path, space, err)
		}
		d.log.Info("identity rules changed", zap.String("space", space))
	}
	return nil
}

// blocked turns the blocked values of a file ("email:info@example.com") into those of a space.
func (d *deps) blocked(space string, values map[string]bool) (map[string]bool, error) {
	out := map[string]bool{}
	for text, is := range values {
		name, value, _ := strings.Cut(text, ":")
		n := identifier.Namespace(name)
		if !n.Links() {
			return nil, errors.New("checking identity rules: a blocked value is no namespace:value of a namespace that links")
		}
		normal, cause := identifier.Normalise(n, value, identifier.Options{})
		if cause != "" {
			return nil, fmt.Errorf("checking identity rules: a blocked value of %s is no identifier (%s): write phones with country code", name, cause)
		}
		p := d.keys.Pseudonym(space, n, normal)
		out[identifier.KeyOf(n, p).Value] = is
	}
	return out, nil
}

// sameRules compares rules whatever the order of their maps; nil and empty blocked values are the same.
func sameRules(a, b identity.Rules) (bool, error) {
	same := maps.Equal(a.Namespaces, b.Namespaces) && maps.Equal(a.Blocked, b.Blocked)
	a.Namespaces, b.Namespaces, a.Blocked, b.Blocked = nil, nil, nil, nil
	x, err := json.Marshal(a)
	if err != nil {
		return false, fmt.Errorf("comparing identity rules: %w", err)
	}
	y, err := json.Marshal(b)
	if err != nil {
		return false, fmt.Errorf("comparing identity rules: %w", err)
	}
	return same && string(x) == string(y), nil
}

// rejudge judges what older rules judged, in small steps beside the work. It runs at every start in spaces whose rules were ever
// changed, so that a walk that was cut off is made whole.
func (d *deps) rejudge(ctx context.Context, spaces []string) error {
	for _, space := range spaces {
		if changed, err := d.graph.RulesChanged(ctx, space); err == nil && !changed {
			continue
		}
		cursor := ""
		for {
			next, err := d.graph.Rejudge(ctx, space, cursor, rejudgeComponents, time.Now().Unix())
			if ctx.Err() != nil {
				return nil //nolint:nilerr // asked to end
			}
			if err != nil {
				d.log.Warn("judging by changed identity rules", zap.String("space", space), zap.Error(err))
				if !rest(ctx, time.Second) {
					return nil
				}
				continue
			}
			if cursor = next; cursor == "" {
				break
			}
		}
	}
	return nil
}

// rest waits; false when ctx ended before.
func rest(ctx context.Context, pause time.Duration) bool {
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}
