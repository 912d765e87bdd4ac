package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"

	"rcu/services/profileapi"
)

// profileCmd shows one customer.
type profileCmd struct {
	readFlags
}

// Help gives the example.
func (profileCmd) Help() string {
	return "Asks the running profile API, as every reader does: the read is written down, and what the role of the key may not see is not there.\n\n" +
		exitHelp + "\n\nExample:\n\n  rcu profile email:marie.durand@example.org --purpose contract"
}

// Run prints the record.
func (c profileCmd) Run(ctx context.Context, a *app) error {
	client, err := c.client(home{a.data})
	if err != nil {
		return err
	}
	raw, err := c.find(ctx, client)
	if err != nil {
		return a.exit(err)
	}
	var record profileapi.Answer
	if err := json.Unmarshal(raw, &record); err != nil {
		return fmt.Errorf("reading the answer of the profile API: %w", err)
	}
	return a.answer(json.RawMessage(raw), func(w io.Writer) { printProfile(w, &record) })
}
