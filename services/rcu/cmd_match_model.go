package main

import (
	"fmt"
	"os"

	"rcu/pkg/match"
	"rcu/services/internal/boot"
)

// learned reads the model of --model; nil without one.
func (f *matchFlags) learned() (*match.Model, error) {
	if f.Model == "" {
		return nil, nil //nolint:nilnil // no model: it is learned
	}
	file, err := os.Open(f.Model)
	if err != nil {
		return nil, fmt.Errorf("opening the model: %w", err)
	}
	defer func() { _ = file.Close() }()
	m, err := match.ReadModel(file)
	if err != nil {
		return nil, &boot.UsageError{Err: fmt.Errorf("%s: %w", f.Model, err)}
	}
	return m, nil
}

// resolve matches records by the model of --model, or by what they teach themselves.
func (f *matchFlags) resolve(a *app, in *matchInput) (*match.Result, error) {
	model, err := f.learned()
	if err != nil {
		return nil, err
	}
	m := newMeter(a, "comparing records")
	defer m.done()
	told := func(done, _ int) { m.set(done) }
	if model == nil {
		return match.Resolve(in.records, f.Threshold, told), nil
	}
	return match.ResolveBy(in.records, model, f.Threshold, told), nil
}
