// Command gen makes test input that ships with nothing: `compose` puts the people of the real files under real events, with the truth apart;
// `base` makes up a customer base to import; `score` compares the records that came out with that truth.
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/alecthomas/kong"

	"rcu/services/e2e/compose"
	"rcu/services/e2e/realdata"
)

type command struct {
	Compose composeCmd `cmd:"" help:"Put real identities under real tickets, orders and calls."`
	Base    baseCmd    `cmd:"" help:"Make up an existing customer base: a master file, and years of tickets and orders."`
	Score   scoreCmd   `cmd:"" help:"Score clusters (source,id,rcu_id) against truth.csv."`
}

type composeCmd struct {
	Out      string   `required:"" type:"path" placeholder:"DIR" help:"Folder for store.ndjson, web.ndjson, callcentre.ndjson and truth.csv."`
	Data     string   `env:"RCU_DATA" default:"../shared/data" type:"path" help:"Folder of the real files."`
	Mappings string   `default:"deploy/mappings" type:"path" help:"Folder of the mappings."`
	Seed     uint64   `default:"1" help:"Same seed, same bytes."`
	Sets     []string `placeholder:"SET" help:"febrl1, febrl4, fake, rl500, tau (default: all)."`
	People   int      `help:"At most so many people of each set."`
}

// Run composes and writes.
func (c composeCmd) Run() error {
	out, err := compose.Compose(compose.Config{Data: c.Data, Mappings: c.Mappings, Seed: c.Seed, Sets: c.Sets, People: c.People})
	if err != nil {
		return fmt.Errorf("composing: %w", err)
	}
	if err := out.Write(c.Out); err != nil {
		return fmt.Errorf("writing the composition: %w", err)
	}
	people := map[string]bool{}
	for _, e := range out.Events {
		if e.Person != "" {
			people[e.Person] = true
		}
	}
	_, _ = fmt.Fprintf(os.Stdout, "%d events about %d people in %s\n", len(out.Events), len(people), c.Out)
	return nil
}

type scoreCmd struct {
	Truth    string `arg:"" type:"existingfile" help:"truth.csv of compose (or of rcu demo --out)."`
	Clusters string `arg:"" type:"existingfile" help:"source,id,rcu_id with a header; an empty rcu_id is an event in no record."`
	JSON     bool   `name:"json" help:"Print JSON."`
}

// Run scores and prints.
func (c scoreCmd) Run() (err error) {
	t, err := os.Open(filepath.Clean(c.Truth))
	if err != nil {
		return fmt.Errorf("opening truth: %w", err)
	}
	defer func() { err = errors.Join(err, t.Close()) }()
	truth, err := realdata.ReadTruth(t)
	if err != nil {
		return fmt.Errorf("reading truth: %w", err)
	}
	k, err := os.Open(filepath.Clean(c.Clusters))
	if err != nil {
		return fmt.Errorf("opening clusters: %w", err)
	}
	defer func() { err = errors.Join(err, k.Close()) }()
	clusters, err := realdata.ReadClusters(k)
	if err != nil {
		return fmt.Errorf("reading clusters: %w", err)
	}
	s := realdata.Score(clusters, truth)
	if c.JSON {
		return json.NewEncoder(os.Stdout).Encode(s)
	}
	_, err = fmt.Fprintln(os.Stdout, s)
	return err
}

func main() {
	var c command
	k := kong.Parse(&c, kong.Name("gen"))
	k.FatalIfErrorf(k.Run())
}
