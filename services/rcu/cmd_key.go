package main

import (
	"context"
	"fmt"
	"io"

	"rcu/services/internal/boot"
)

// keyCmd prints a key that rcu up made for this installation.
type keyCmd struct {
	Kind string `arg:"" enum:"source,reader" help:"source: to send events; reader: to read profiles."`
	Name string `arg:"" help:"Name in sources.yaml or readers.yaml."`
}

// Help gives the example.
func (keyCmd) Help() string {
	return "Keys of a sources.yaml or readers.yaml of your own are not kept here: only their digests are.\n\nExample:\n\n  rcu key source till-paris-1"
}

// Run prints the key.
func (c keyCmd) Run(_ context.Context, a *app) error {
	h := home{a.data}
	read := h.sourceKeys
	if c.Kind == "reader" {
		read = h.readerKeys
	}
	keys, err := read()
	if err != nil {
		return err
	}
	key, ok := keys[c.Name]
	if !ok {
		return &boot.UsageError{Err: fmt.Errorf("this installation keeps no key of a %s %q", c.Kind, c.Name)}
	}
	return a.answer(map[string]string{"name": c.Name, "key": key}, func(w io.Writer) { _, _ = fmt.Fprintln(w, key) })
}
