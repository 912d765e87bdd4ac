package main

import (
	"context"

	"rcu/pkg/resolve/stateredis"
	"rcu/services/internal/whole"
	"rcu/services/resolver"
)

// whole fails where what is read in Redis must not permit anything.
func (d *deps) whole() func(context.Context) error {
	return whole.Of(stateredis.NewMarkers(d.redis), d.kafka, resolver.Default().Group).Check
}
