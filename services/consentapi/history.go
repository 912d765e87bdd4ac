package consentapi

import (
	"context"
	"net/http"
	"time"

	"rcu/pkg/auth"
	"rcu/pkg/consent"
	"rcu/pkg/httpserver"
	"rcu/pkg/identifier"
	"rcu/pkg/stream"
	eventpb "rcu/schemas/event"
)

func writeJSON(w http.ResponseWriter, status int, v any) { httpserver.WriteJSON(w, status, v) }

// historyAnswer is what was decided about one point with one controller.
type historyAnswer struct {
	Controller string         `json:"controller"`
	Topics     []topicHistory `json:"topics"`
}

type topicHistory struct {
	Purpose string    `json:"purpose"`
	Channel string    `json:"channel,omitempty"`
	Allowed bool      `json:"allowed"`
	Known   bool      `json:"known"`                    // something was decided; else it is as for everybody
	Lapsed  string    `json:"inactive_since,omitempty"` // when it ended because nothing was heard of the person
	Sales   []sale    `json:"soft_optins,omitempty"`    // sales that permit offers of their family where nothing was decided
	Choices []choice  `json:"decisions"`
	Label   labelText `json:"label"`
}

// sale is one that stands for a consent to offers of its family of products.
type sale struct {
	Family string `json:"family"`
	SoldAt string `json:"sold_at"`
	Until  string `json:"expires_at,omitempty"`
}

type choice struct {
	ID        string `json:"decision_id"`
	Decision  string `json:"decision"`
	Carried   bool   `json:"carried,omitempty"`
	DecidedAt string `json:"decided_at"`
	ExpiresAt string `json:"expires_at,omitempty"`
	Receipt   string `json:"receipt"` // path of its receipt
}

type labelText struct {
	FR string `json:"fr"`
	EN string `json:"en"`
}

var decisionWords = map[consent.Dec]string{consent.Grant: "grant", consent.Refuse: "refuse", consent.Withdraw: "withdraw", consent.Object: "object"}

// history tells what was decided about a point, newest first, and what holds now. Every look at it is a line of the audit.
func (s *Service) history(w http.ResponseWriter, r *http.Request, reader auth.Reader) *problem {
	x, p := s.scopeIn(w, r, reader)
	if p != nil {
		return p
	}
	points, err := s.settled(r.Context(), x.space, x.controller, []identifier.Key{x.key})
	if err != nil || points[0].Unreadable {
		return unavailable
	}
	if err := s.lived(r.Context(), x.space, x.controller, points); err != nil {
		return unavailable
	}
	if err := s.written(r.Context(), reader, x, "consents"); err != nil {
		return refuse(http.StatusServiceUnavailable, "audit_unavailable", "", "try again: a look that cannot be written down is not answered")
	}
	now := s.now().Unix()
	a := historyAnswer{Controller: x.controller, Topics: []topicHistory{}}
	for _, pc := range s.topics(points[0].Register, x.key.Namespace) {
		h := points[0].Register.History(pc.Purpose, pc.Channel)
		purpose, _ := s.deps.Registry.Purpose(string(pc.Purpose))
		t := topicHistory{
			Purpose: string(pc.Purpose), Channel: pc.Channel, Allowed: points[0].AllowedAt(pc.Purpose, pc.Channel, now), Known: !h.Empty(),
			Lapsed: second(points[0].Lapsed(pc.Purpose, pc.Channel, now)), Choices: []choice{}, Label: labelText{purpose.Label.FR, purpose.Label.EN},
		}
		for _, x := range points[0].SalesOn(pc.Purpose, pc.Channel, now) {
			t.Sales = append(t.Sales, sale{x.Family, second(x.At), second(x.Until)})
		}
		for _, ds := range [...][]consent.Decision{h.Said, h.Carried} {
			for i := len(ds) - 1; i >= 0; i-- {
				t.Choices = append(t.Choices, choice{ds[i].ID, decisionWords[ds[i].Dec], ds[i].Carried, second(ds[i].At), second(ds[i].Expires), s.receiptPath(x.space, x.controller, x.key, pc, ds[i].ID)})
			}
		}
		a.Topics = append(a.Topics, t)
	}
	w.Header().Set("Cache-Control", "no-store")
	writeJSON(w, http.StatusOK, a)
	return nil
}

// topics are every purpose and channel that people decide about and that reaches the point, and those of recipients that anything is known of.
func (s *Service) topics(register consent.Register, n identifier.Namespace) []consent.PurposeChannel {
	var out []consent.PurposeChannel
	for _, info := range consent.Purposes() {
		if !info.Decidable || info.Parameter {
			continue
		}
		if len(info.Channels) == 0 {
			out = append(out, consent.PurposeChannel{Purpose: info.Purpose})
		}
		for _, c := range info.Channels {
			if consent.Reaches(c, n) {
				out = append(out, consent.PurposeChannel{Purpose: info.Purpose, Channel: c})
			}
		}
	}
	for _, pc := range register.All() {
		if info, ok := consent.PurposeOf(pc.Purpose); ok && info.Parameter {
			out = append(out, pc)
		}
	}
	return out
}

// written notes on rcu.audit who looked.
func (s *Service) written(ctx context.Context, reader auth.Reader, x scope, action string) error {
	ctx, cancel := context.WithTimeout(ctx, s.cfg.PublishTimeout)
	defer cancel()
	now := s.now()
	line, err := stream.Encode(stream.TopicAudit, []byte(reader.Name), &eventpb.Audit{
		At: now.UnixMicro(), Actor: reader.Name, Role: string(reader.Role), Store: reader.Store, Purpose: string(consent.Legal), Action: action,
		RcuId: s.deps.Keyring.Name(x.space, x.pseudonym), Outcome: "ok", Controllers: []string{x.controller},
	}, now)
	if err != nil {
		return err //nolint:wrapcheck // says all
	}
	return s.deps.Producer.Publish(ctx, []stream.Record{line}) //nolint:wrapcheck // the caller answers without it
}

// pointsOf lists the points of the person whose point it is, itself first.
func (s *Service) pointsOf(ctx context.Context, x scope) ([]identifier.Key, error) {
	if s.deps.People == nil {
		return []identifier.Key{x.key}, nil
	}
	ctx, cancel := context.WithTimeout(ctx, s.cfg.RedisTimeout)
	defer cancel()
	var more []identifier.Key
	err := s.onWhole(ctx, func(ctx context.Context) (err error) {
		more, err = s.deps.People(ctx, x.space, x.key, s.now())
		return err
	})
	return append([]identifier.Key{x.key}, more...), err
}

// now is the clock.
func (s *Service) now() time.Time { return s.deps.Now() }
