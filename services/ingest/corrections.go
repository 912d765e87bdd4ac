package ingest

import (
	"rcu/pkg/auth"
	"rcu/pkg/event"
)

// checkCorrections holds a source of corrections to what it is: a page on the web, one a controller.
func checkCorrections(f *auth.Fields, s Source, corrected map[string]bool) {
	if !s.Corrections {
		return
	}
	if s.Channel != "web" {
		f.Problem("corrections", "want a source of the channel web: people correct their record on a page")
	}
	if corrected[s.Controller] {
		f.Problem("corrections", "an earlier entry takes the corrections of this controller: one does")
	}
	corrected[s.Controller] = true
}

// CorrectionOrigins are the sources that corrections on the preference centre come in under, by controller.
func CorrectionOrigins(sources []auth.Entry[Source]) map[string]*event.Origin {
	out := map[string]*event.Origin{}
	for _, e := range sources {
		if s := e.Principal; s.Corrections {
			out[s.Controller] = s.origin(false)
		}
	}
	return out
}
