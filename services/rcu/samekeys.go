package main

import (
	"context"
	"errors"
	"fmt"

	"rcu/pkg/stream"
	eventpb "rcu/schemas/event"
)

// sampledKeys is how many of the wrapped keys on rcu.keys are tried, the latest ones.
const sampledKeys = 50

// sameKeys refuses a key file with which none of the keys on rcu.keys was wrapped: a service that starts in an empty folder makes a new one,
// and with it every customer would get another id.
func sameKeys(ctx context.Context, d *deps) error {
	var foreign, own int
	err := d.kafka.Tail(ctx, stream.TailConfig{Topic: stream.TopicKeys, Last: sampledKeys}, func(r stream.Record) error {
		var key eventpb.WrappedKey
		switch {
		case len(r.Value) == 0, r.Decode(&key) != nil, len(key.GetWrapped()) == 0: // destroyed, or not ours to judge
		case d.keys.Unwraps(&key):
			own++
		default:
			foreign++
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("comparing the key file with the keys in kafka: %w", err)
	}
	if own > 0 || foreign == 0 {
		return nil
	}
	return fmt.Errorf("%w: the keys in kafka were wrapped with another one, and every customer would get another id: copy keys.json of the installation to %s, "+
		"or name it with --set keys=FILE, and remove %s",
		errOtherKeys, orPath(d.settings.Keys, d.home.path("keys.json")), d.home.path("keys.fingerprint"))
}

var errOtherKeys = errors.New("the key file is not that of this installation")
