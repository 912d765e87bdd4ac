package main

import (
	"context"
	"errors"
	"fmt"

	"rcu/services/internal/dailykeys"
)

// sameKeys refuses a key file with which none of the keys in Kafka was wrapped: a service that starts in an empty folder makes a new one, and
// with it every customer would get another id.
func sameKeys(ctx context.Context, d *deps) error {
	other, err := dailykeys.OfAnother(ctx, d.kafka, d.keys)
	if err != nil || !other {
		return err //nolint:wrapcheck // says all
	}
	return fmt.Errorf("%w: the keys in kafka were wrapped with another one, and every customer would get another id: copy keys.json of the installation to %s, "+
		"or name it with --set keys=FILE, and remove %s",
		errOtherKeys, orPath(d.settings.Keys, d.home.path("keys.json")), d.home.path("keys.fingerprint"))
}

var errOtherKeys = errors.New("the key file is not that of this installation")
