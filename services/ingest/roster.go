package ingest

import (
	"errors"
	"fmt"
	"sync"

	"go.uber.org/zap"

	"rcu/pkg/auth"
)

// roster knows the sources of all channels by name, as the file has them now.
type roster struct {
	file      string
	contracts map[string]Contract
	log       *zap.Logger

	mu     sync.Mutex
	mark   fileMark
	byName map[string]*client
}

func newRoster(d JudgeDeps, log *zap.Logger) (*roster, error) {
	r := &roster{file: d.SourcesFile, contracts: map[string]Contract{}, log: log}
	var problems []error
	for _, c := range d.Contracts {
		problems = append(problems, c.validate())
		r.contracts[c.Channel] = c
	}
	if err := errors.Join(problems...); err != nil {
		return nil, fmt.Errorf("setting up the judge of held events: %w", err)
	}
	if r.file == "" {
		r.byName = r.named(d.Sources)
		return r, nil
	}
	return r, r.load()
}

func (r *roster) load() error {
	mark := fileState(r.file) // before the reading: what is written meanwhile is seen as a change
	entries, err := LoadSources(r.file)
	if err != nil {
		return err
	}
	r.byName, r.mark = r.named(entries), mark
	return nil
}

func (r *roster) named(entries []auth.Entry[Source]) map[string]*client {
	out := make(map[string]*client, len(entries))
	for _, e := range entries {
		if c, ok := r.contracts[e.Principal.Channel]; ok {
			out[e.Principal.Name] = newClient(e.Principal, c, 1)
		}
	}
	return out
}

// clients reads the file again when it changed; while it has problems, the sources before it stay in force.
func (r *roster) clients() map[string]*client {
	r.mu.Lock()
	defer r.mu.Unlock()
	if mark := fileState(r.file); r.file != "" && mark != r.mark {
		if err := r.load(); err != nil {
			r.mark = mark // one line a change
			r.log.Error("sources file refused, the one before stays in force", zap.Error(err))
		}
	}
	return r.byName
}
