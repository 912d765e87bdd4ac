package main

import (
	"os"

	"rcu/services/internal/boot"
)

// version is set by the build.
var version = "dev"

func main() { os.Exit(boot.Main("rcu", boot.OS(), run)) }
