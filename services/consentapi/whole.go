package consentapi

import (
	"context"

	"rcu/pkg/consent"
	"rcu/pkg/identifier"
	"rcu/pkg/resolve"
)

// wholeState fails while what people decided was lost and is not all there again. Calls under the context that it returns fail once that may be so.
func (s *Service) wholeState(ctx context.Context) (context.Context, error) {
	asking, cancel := context.WithTimeout(ctx, s.cfg.RedisTimeout)
	defer cancel()
	bound, err := s.deps.Whole(asking)
	if epoch, ok := resolve.PlannedOn(bound); ok {
		ctx = resolve.Planned(ctx, epoch)
	}
	return ctx, err
}

// onWhole reads from a state that was whole before and after. Half a state shows a grant without the refusal that came after it, a link that was spent as
// one that serves, and a person without some of their points: nothing is told of it, and nothing permitted. A denial needs none of that.
func (s *Service) onWhole(ctx context.Context, read func(context.Context) error) error {
	ctx, err := s.wholeState(ctx)
	if err != nil {
		return err
	}
	if err := read(ctx); err != nil {
		return err
	}
	_, err = s.wholeState(ctx)
	return err
}

// settled reads the registers of points from a whole state.
func (s *Service) settled(ctx context.Context, space, controller string, keys []identifier.Key) (points []consent.Point, err error) {
	err = s.onWhole(ctx, func(ctx context.Context) error {
		points, err = s.registers.load(ctx, space, controller, keys)
		return err
	})
	return points, err
}
