package contacts

import "context"

// CountAgain does at once what Run does every moment.
func (s *Service) CountAgain(ctx context.Context) error { return s.recall(ctx) }
