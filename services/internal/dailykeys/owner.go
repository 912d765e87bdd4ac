package dailykeys

import (
	"context"
	"fmt"

	"rcu/pkg/stream"
	"rcu/pkg/vault"
	eventpb "rcu/schemas/event"
)

// sampled is how many of the wrapped keys on rcu.keys are tried, the latest ones.
const sampled = 50

// OfAnother reports whether the keys on rcu.keys, of days and of subjects, were wrapped with another key file: there are some, and none opens.
func OfAnother(ctx context.Context, client *stream.Client, ring *vault.Keyring) (bool, error) {
	var foreign, own int
	err := client.Tail(ctx, stream.TailConfig{Topic: stream.TopicKeys, Last: sampled}, func(r stream.Record) error {
		var key eventpb.WrappedKey
		if len(r.Value) == 0 || r.Decode(&key) != nil || len(key.GetWrapped()) == 0 {
			return nil //nolint:nilerr // destroyed, or not ours to judge
		}
		if ring.Unwraps(&key) {
			own++
		} else {
			foreign++
		}
		return nil
	})
	if err != nil {
		return false, fmt.Errorf("comparing the key file with the keys in kafka: %w", err)
	}
	return own == 0 && foreign > 0, nil
}
