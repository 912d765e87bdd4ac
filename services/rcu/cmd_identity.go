package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"rcu/pkg/identity"
	"rcu/pkg/yamlfile"
	"rcu/services/internal/boot"
)

// identityCmd holds the offline kernel, and what feeds it.
type identityCmd struct {
	Solve  solveCmd  `cmd:"" help:"Answer who is who for a file of facts, offline."`
	Export exportCmd `cmd:"" help:"Write what is stored of a space as facts, pseudonymised, for solve."`
}

// solveCmd runs the kernel over a file.
type solveCmd struct {
	Rules string `name:"rules" help:"Rules, JSON or YAML; they replace those of the facts." type:"existingfile" placeholder:"FILE"`
	Facts string `arg:"" name:"facts" help:"Facts as JSON lines; - reads standard input."`
}

// maxRules bounds a file of rules.
const maxRules = 4 << 20

// Help gives the example.
func (solveCmd) Help() string {
	return "Prints one JSON answer: profiles, edges with their verdicts, identifiers that stand for nobody, sums. The order of the lines does not matter.\n" +
		"No server, no key, no network. Exit code 2: a line cannot be read; its number, field and fix are named.\n\n" +
		"Example:\n\n  rcu identity solve --rules rules.yaml facts.jsonl"
}

// Run prints the answer.
func (c solveCmd) Run(_ context.Context, a *app) error {
	rules, err := c.rules()
	if err != nil {
		return &boot.UsageError{Err: err}
	}
	in := a.world.Stdin
	if c.Facts != "-" {
		f, err := os.Open(c.Facts)
		if err != nil {
			return &boot.UsageError{Err: fmt.Errorf("opening the facts: %w", err)}
		}
		defer func() { _ = f.Close() }()
		in = f
	}
	if err := a.world.Background(); err != nil {
		return err //nolint:wrapcheck // says all
	}
	answer, err := identity.Solve(in, rules)
	var wrong *identity.SolveError
	if errors.As(err, &wrong) {
		return &boot.UsageError{Err: err}
	}
	if err != nil {
		return fmt.Errorf("solving the facts: %w", err)
	}
	enc := json.NewEncoder(a.world.Stdout)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(answer); err != nil {
		return fmt.Errorf("writing the answer: %w", err)
	}
	return nil
}

// rules reads the file of rules; nil without one.
func (c solveCmd) rules() (*identity.Rules, error) {
	if c.Rules == "" {
		return nil, nil
	}
	f, err := os.Open(c.Rules)
	if err != nil {
		return nil, fmt.Errorf("opening the rules: %w", err)
	}
	defer func() { _ = f.Close() }()
	raw, err := io.ReadAll(io.LimitReader(f, maxRules+1))
	if err != nil {
		return nil, fmt.Errorf("reading the rules: %w", err)
	}
	if len(raw) > maxRules {
		return nil, fmt.Errorf("reading the rules: the file is larger than %d bytes", maxRules)
	}
	if !bytes.HasPrefix(bytes.TrimSpace(raw), []byte("{")) {
		if raw, err = yamlfile.ToJSON(raw); err != nil {
			return nil, fmt.Errorf("reading the rules in %s: %w", c.Rules, err)
		}
	}
	rules, err := identity.ParseRules(raw)
	if err != nil {
		return nil, fmt.Errorf("reading the rules: %w", err)
	}
	return &rules, nil
}
