package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"rcu/pkg/lifecycle"
	"rcu/pkg/match"
	"rcu/pkg/resolve/stateredis"
	"rcu/services/internal/review"
	"rcu/services/matcher"
)

// matchSettings is what the operator decides about suggestions of people who are probably one.
type matchSettings struct {
	// Model is a file of `rcu match --save-model`. Empty: what is known beforehand.
	Model string `yaml:"model"`
	// Suggest is the least probability of two records to be one person that is suggested to stewards.
	Suggest float64 `yaml:"suggest"`
	// Rate is the most leaves that are taken in a second; beyond it the matcher lags.
	Rate int `yaml:"rate"`
}

// model reads the model in force; nil without a file.
func (m matchSettings) model() (*match.Model, error) {
	if m.Model == "" {
		return nil, nil //nolint:nilnil // none: what is known beforehand
	}
	f, err := os.Open(m.Model)
	if err != nil {
		return nil, fmt.Errorf("opening the model: %w", err)
	}
	defer func() { _ = f.Close() }()
	model, err := match.ReadModel(f)
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", m.Model, err)
	}
	return model, nil
}

// check refuses settings that cannot be worked with.
func (m matchSettings) check() error {
	cfg := matcher.Default()
	cfg.Suggest, cfg.Rate = m.Suggest, m.Rate
	_, err := m.model()
	if err != nil {
		err = fmt.Errorf("model: %w", err)
	}
	return errors.Join(cfg.Validate(), err)
}

// matcherComponent suggests people who are probably one.
func matcherComponent() component {
	return component{
		name: "matcher", help: "suggests people who are probably one to stewards", groups: []string{matcher.Default().Group, matcher.Default().Again}, redis: redisFirst, build: buildMatcher,
	}
}

func buildMatcher(_ context.Context, d *deps) (lifecycle.Part, error) {
	output, err := d.producer()
	if err != nil {
		return lifecycle.Part{}, err
	}
	cfg := matcher.Default()
	cfg.Suggest, cfg.Rate = d.settings.Match.Suggest, d.settings.Match.Rate
	if cfg.Spaces, err = d.spaces(); err != nil {
		return lifecycle.Part{}, err
	}
	model, err := d.settings.Match.model()
	if err != nil {
		return lifecycle.Part{}, err
	}
	s, err := matcher.New(cfg, matcher.Deps{
		Log: d.log.Named("matcher"), Metrics: d.metrics, Stream: d.kafka, Output: output, Graph: d.graph, Cells: d.cells,
		Index: stateredis.NewIndex(d.redis), Servers: stateredis.NewMarkers(d.redis), Keyring: d.keys, Model: model,
	})
	if err != nil {
		return lifecycle.Part{}, err //nolint:wrapcheck // says all
	}
	ready := func(context.Context) error {
		if !s.Ready() {
			return errNotReady
		}
		return nil
	}
	return lifecycle.Part{Run: s.Run, Ready: ready}, nil
}

// weigher weighs what a probable match links.
func (d *deps) weigher() (*matcher.Weigher, error) {
	model, err := d.settings.Match.model()
	if err != nil {
		return nil, err
	}
	return matcher.NewWeigher(stateredis.NewIndex(d.redis), d.cells, d.keys, model), nil
}

// suggestions are what the matcher puts on the queue of stewards.
func (d *deps) suggestions() review.Source {
	return matcher.NewSource(stateredis.NewIndex(d.redis), d.graph, d.cells, time.Now)
}
