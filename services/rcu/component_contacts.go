package main

import (
	"context"
	"errors"

	"rcu/pkg/auth"
	"rcu/pkg/lifecycle"
	"rcu/pkg/resolve"
	"rcu/pkg/resolve/stateredis"
	"rcu/services/contacts"
)

const contactsPort = 8086

// contactsComponent is asked before a person is contacted.
func contactsComponent() component {
	return component{name: "contacts", help: "is asked before a person is contacted", port: contactsPort, redis: redisFirst, build: buildContacts}
}

func buildContacts(ctx context.Context, d *deps) (lifecycle.Part, error) {
	readers, err := auth.LoadReaders(d.readersFile())
	if err != nil {
		return lifecycle.Part{}, err //nolint:wrapcheck // says all
	}
	producer, err := d.producer()
	if err != nil {
		return lifecycle.Part{}, err
	}
	cfg := contacts.Default()
	cfg.HTTP.Addr = d.settings.listenOn("contacts", contactsPort)
	cfg.Country, cfg.Place = d.settings.Country, d.settings.Contacts.Place
	if cfg.Rules, err = d.settings.Contacts.rules(); err != nil {
		return lifecycle.Part{}, err
	}
	state, guarded := d.guard()
	s, err := contacts.New(cfg, contacts.Deps{
		Log: d.log.Named("contacts"), Metrics: d.metricsOf("contacts"), Gatherer: d.metrics, Readers: readers, People: d.graph, Registers: d.cells,
		Acts:     resolve.NewReader(d.graph, d.cells),
		Contacts: stateredis.NewContacts(d.redis), Kafka: producer, Pseudonyms: d.keys, Ready: d.redis.Ping,
		Whole: state.Bind, Recall: &contacts.Recall{Epoch: stateredis.NewMarkers(d.redis).Epoch, Made: contacts.MadeLately(d.kafka)},
	})
	if err != nil {
		return lifecycle.Part{}, err //nolint:wrapcheck // says all
	}
	if err := d.listen(ctx, "contacts", s); err != nil {
		return lifecycle.Part{}, err
	}
	return lifecycle.Part{Run: guarded(s.Run), Ready: func(ctx context.Context) error { return errors.Join(d.redis.Ping(ctx), s.Recalled()) }, Leave: s.Leave}, nil
}
