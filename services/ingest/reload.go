package ingest

import (
	"context"
	"fmt"
	"os"
	"time"

	"go.uber.org/zap"
)

// loadSources runs in New, then in watchSources alone.
func (s *Service) loadSources() error {
	entries := s.deps.Sources
	if s.deps.SourcesFile != "" {
		s.mark = fileState(s.deps.SourcesFile) // before the reading: what is written meanwhile is seen as a change
		var err error
		if entries, err = LoadSources(s.deps.SourcesFile); err != nil {
			return err
		}
	}
	keys, err := clients(entries, s.contract, s.cfg.MaxInFlight)
	if err != nil {
		return fmt.Errorf("reading sources: %w", err)
	}
	s.keys.Store(keys)
	return nil
}

// watchSources reads the file again when its size or time changed. A file with problems is reported, and the sources
// before it stay in force.
func (s *Service) watchSources(ctx context.Context) {
	tick := time.NewTicker(s.cfg.SourcesEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if fileState(s.deps.SourcesFile) == s.mark {
			continue
		}
		if err := s.loadSources(); err != nil {
			s.metrics.reloads.WithLabelValues("refused").Inc()
			s.log.Error("sources file refused, the one before stays in force", zap.Error(err))
			continue
		}
		s.metrics.reloads.WithLabelValues("read").Inc()
		s.log.Info("sources read again", zap.Int("sources", s.keys.Load().Len()))
	}
}

type fileMark struct {
	size int64
	at   time.Time
}

func fileState(path string) fileMark {
	info, err := os.Stat(path)
	if err != nil {
		return fileMark{}
	}
	return fileMark{info.Size(), info.ModTime()}
}
