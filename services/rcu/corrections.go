package main

import (
	"errors"
	"io/fs"

	"rcu/pkg/event"
	"rcu/pkg/stream"
	"rcu/pkg/vault"
	"rcu/schemas"
	"rcu/services/consentapi"
	"rcu/services/ingest"
)

// correctionsOf is what people correct their record with: the sources that the list names for it, each of one controller. Without a list of sources
// the page takes no corrections.
func correctionsOf(d *deps, producer *stream.Producer) (*consentapi.Corrections, error) {
	sources, err := ingest.LoadSources(d.sourcesFile())
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err //nolint:wrapcheck // says all
	}
	decoder, err := event.NewDecoder(schemas.Files)
	if err != nil {
		return nil, err //nolint:wrapcheck // says all
	}
	return &consentapi.Corrections{
		Decoder: decoder, Sealer: vault.NewDaily(d.keys, publishDailyKey(producer)), Origins: ingest.CorrectionOrigins(sources),
	}, nil
}
