package main

import (
	"fmt"
	"io"
	"runtime"
	"runtime/debug"
)

type versionCmd struct{}

// Help gives the example.
func (versionCmd) Help() string { return "Example:\n\n  rcu version --json" }

type versionAnswer struct {
	Version  string `json:"version"`
	Revision string `json:"revision,omitempty"`
	Go       string `json:"go"`
	Platform string `json:"platform"`
}

// Run prints what this binary is.
func (versionCmd) Run(a *app) error {
	v := versionAnswer{Version: version, Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH}
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" {
				v.Revision = s.Value
			}
		}
	}
	return a.answer(v, func(w io.Writer) {
		_, _ = fmt.Fprintf(w, "rcu %s (%s, %s)\n", v.Version, v.Go, v.Platform)
	})
}
