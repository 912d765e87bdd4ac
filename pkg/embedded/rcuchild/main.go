// Command rcuchild is the child process of the embedded servers for tests: what `rcu internal` is for the program.
// A test binary cannot run itself as a child, because the ClickHouse library must never be loaded into a binary
// built with the race detector.
package main

import (
	"fmt"
	"os"

	"rcu/pkg/embedded"
)

func main() {
	if len(os.Args) != 3 {
		_, _ = fmt.Fprintln(os.Stderr, "usage: rcuchild kafka|clickhouse SETTINGS-FILE")
		os.Exit(2)
	}
	if err := embedded.RunChild(os.Args[1], os.Args[2], os.Stdout, os.Stderr); err != nil {
		_, _ = fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
