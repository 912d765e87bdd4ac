package rebuild

import (
	"context"

	"rcu/services/resolver"
)

// Owed reports whether a Redis has to be rebuilt before a resolver may use it: it is empty although resolvers have worked, or a rebuild was cut
// short. An empty group is the resolver's.
func Owed(ctx context.Context, group string, d Deps) (bool, error) {
	state, err := d.Redis.Rebuilding(ctx)
	if err != nil || len(state) > 0 {
		return err == nil, err //nolint:wrapcheck // says all
	}
	empty, err := d.Redis.Empty(ctx)
	if err != nil || !empty {
		return false, err //nolint:wrapcheck // says all
	}
	return resolver.Worked(ctx, d.Stream, group) //nolint:wrapcheck // says all
}
