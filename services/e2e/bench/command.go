package main

import (
	"flag"
	"fmt"
	"io"

	"rcu/services/internal/boot"
)

// where adds the flags that every command of the bench has.
func (o *options) where(f *flag.FlagSet) {
	f.BoolVar(&o.json, "json", false, "print the figures as JSON")
	f.StringVar(&o.rcu, "rcu", ".bin/rcu", "the program to measure")
	f.StringVar(&o.root, "root", ".", "folder of the repository")
	f.StringVar(&o.keep, "keep", "", "keep data and logs in this folder")
	f.StringVar(&o.tables, "table-settings", "", "settings of every table of ClickHouse, such as \"merge_selector_base = 5\"; empty: as they are migrated")
}

// figures are what a command measured.
type figures interface{ print(w io.Writer) error }

// report prints figures, for people or for machines.
func (o *options) report(world boot.IO, r figures) error {
	if o.json {
		return boot.PrintJSON(world.Stdout, r) //nolint:wrapcheck // says all
	}
	return r.print(world.Stdout)
}

// telling says what a command is doing.
func telling(world boot.IO) func(string, ...any) {
	return func(format string, args ...any) { _, _ = fmt.Fprintf(world.Stderr, "bench: "+format+"\n", args...) }
}
