package consentapi

import (
	"context"

	"rcu/pkg/consent"
	"rcu/pkg/identifier"
)

// wholeState fails while what people decided was lost and is not all there again.
func (s *Service) wholeState(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, s.cfg.RedisTimeout)
	defer cancel()
	return s.deps.Whole(ctx)
}

// onWhole reads from a state that was whole before and after. Half a state shows a grant without the refusal that came after it, a link that was spent as
// one that serves, and a person without some of their points: nothing is told of it, and nothing permitted. A denial needs none of that.
func (s *Service) onWhole(ctx context.Context, read func() error) error {
	if err := s.wholeState(ctx); err != nil {
		return err
	}
	if err := read(); err != nil {
		return err
	}
	return s.wholeState(ctx)
}

// settled reads the registers of points from a whole state.
func (s *Service) settled(ctx context.Context, space, controller string, keys []identifier.Key) (points []consent.Point, err error) {
	err = s.onWhole(ctx, func() error {
		points, err = s.registers.load(ctx, space, controller, keys)
		return err
	})
	return points, err
}
