package generation

import (
	"context"

	"bottega/internal/telemetry"
)

// finish is the only way a generation ends. In one transaction the state follows, the price is captured for what was
// delivered and the rest released to the grants it came from, the pictures' rows are written, the ticket goes, and the
// event is noted. A second caller learns errEnded; a run that lost its lease learns errStale.
func (s *Service) finish(ctx context.Context, end ending) (_ *Generation, err error) {
	ctx, span := telemetry.Start(ctx, "generation.finish")
	defer func() { span.End(err) }()
	g, err := s.decide(ctx, end.accountID, end.teamID, func(entitled Entitlement) operation {
		own := end
		own.entitled, own.at = entitled, s.Clock.Now()
		return operation{end: &own}
	})
	if err != nil {
		return nil, err
	}
	s.wake()
	s.tellEnded(ctx, g)
	return g, nil
}
