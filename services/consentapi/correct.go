package consentapi

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"mime"
	"net/http"
	"slices"
	"strings"
	"time"

	"go.uber.org/zap"
	"google.golang.org/protobuf/proto"

	"rcu/pkg/consent"
	"rcu/pkg/event"
	"rcu/pkg/identifier"
	"rcu/pkg/stream"
	eventpb "rcu/schemas/event"
	"rcu/services/internal/page"
)

// Corrections is what corrections of people become events with.
type Corrections struct {
	Decoder *event.Decoder
	Sealer  Sealer
	// Origins are the sources that corrections come in under, by controller; one without a source takes none.
	Origins map[string]*event.Origin
}

// Sealer seals under the daily key of a controller (vault.Daily).
type Sealer interface {
	Seal(ctx context.Context, controller string, at time.Time, plaintext []byte) (*eventpb.Sealed, error)
}

// actionCorrected is the line of the audit about a correction.
const actionCorrected = "own_record_corrected"

var (
	closedRecord     = refuse(http.StatusLocked, "closed", "", "nothing of a record that is closed is corrected: the page says why it is closed")
	correctElsewhere = refuse(http.StatusNotFound, "no_corrections", "", "correct it in the account, in a store or with customer service: no source takes corrections of this controller")
	accountPoint     = refuse(http.StatusForbidden, "account_point", "", "log in by an address, telephone, card or customer number: a device alone proves nobody's name")
	nothingToAlter   = refuse(http.StatusUnprocessableEntity, "required", "/traits", "send at least one attribute that is to change")
	correctionAway   = refuse(http.StatusServiceUnavailable, "correction_unavailable", "", "send it again: nothing has changed, and with the same id it is one correction however often it is sent")
)

// correction is what a person asks to be corrected.
type correction struct {
	once   string            // of the form or the caller: what is sent again with it is one event
	traits map[string]string // what is to change
	empty  []string          // what is to be known no more, by name
}

// id names the event of a correction: the same once and values, the same event. Nothing can be read from it, as once is random.
func (c correction) id() string {
	h := sha256.New()
	_, _ = fmt.Fprintf(h, "%d/%s", len(c.once), c.once)
	for _, name := range keysOf(c.traits) {
		_, _ = fmt.Fprintf(h, "/%d/%s/%d/%s", len(name), name, len(c.traits[name]), c.traits[name])
	}
	for _, name := range c.empty {
		_, _ = fmt.Fprintf(h, "/-%d/%s", len(name), name)
	}
	return "correct-" + hex.EncodeToString(h.Sum(nil)[:16])
}

// correct takes a correction in: of the form of the page, or as JSON. What is taken is an event of the preference centre like one of any source,
// so that survivorship decides what the record shows.
func (s *Service) correct(w http.ResponseWriter, r *http.Request) {
	v, ok := s.visited(w, r)
	if !ok {
		return
	}
	form, p := readCorrection(w, r)
	var c corrected
	look := false
	if p == nil {
		look = !form.agreed()
		c, p = s.takeCorrection(r.Context(), v, form.correction, look)
	}
	switch {
	case p == nil && look:
		lang := page.LanguageOf(r)
		s.render(w, r, http.StatusOK, "takeaway", "empty.title", s.emptyView(lang, "/p/"+r.PathValue("token"), form))
	case form.asJSON && p == nil:
		writeJSON(w, http.StatusAccepted, c)
	case p == nil:
		http.Redirect(w, r, r.URL.Path+"?corrected="+c.EventID+"#correct", http.StatusSeeOther)
	case !form.asJSON && p == nothingToAlter:
		http.Redirect(w, r, r.URL.Path+"?corrected=nothing#correct", http.StatusSeeOther)
	case !form.asJSON && strings.HasPrefix(p.Field, "/traits/"):
		lang := page.LanguageOf(r)
		view := s.correctView(lang, "/p/"+r.PathValue("token"), form.once, form.fields)
		s.render(w, r, p.status, "correct", "correct.title", view.wrong(s, lang, strings.TrimPrefix(p.Field, "/traits/"), p.Reason))
	default:
		s.showPreferenceProblem(w, r, p)
	}
}

// isJSON reports whether a request speaks JSON, and so is answered in JSON.
func isJSON(r *http.Request) bool {
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	return err == nil && kind == "application/json"
}

// corrected answers a correction that was taken. It shows on the record once the event has gone its way, within seconds.
type corrected struct {
	Status  string    `json:"status"` // accepted
	EventID string    `json:"event_id"`
	Source  string    `json:"source"`
	Trust   string    `json:"trust"`
	At      time.Time `json:"at"`
	Traits  []string  `json:"traits"`
	Emptied []string  `json:"emptied,omitempty"`
}

// takeCorrection makes the event of a correction and returns once Kafka has it. It is written down before: what cannot be told is not done. A look only says
// whether it could be taken.
func (s *Service) takeCorrection(ctx context.Context, v *visit, c correction, look bool) (corrected, *problem) {
	x, p := s.recordOf(ctx, v)
	if p != nil {
		return corrected{}, p
	}
	origin := s.correctionOrigin(v.token.Controller)
	switch {
	case x.closed != "":
		return corrected{}, closedRecord
	case origin == nil:
		return corrected{}, correctElsewhere
	case len(c.traits) == 0 && len(c.empty) == 0:
		return corrected{}, nothingToAlter
	}
	if p := s.checkCorrection(c); p != nil {
		return corrected{}, p
	}
	point, p := v.accountPoint()
	if p != nil {
		return corrected{}, p
	}
	now := s.now()
	said := event.Correction{ID: c.id(), At: now, Point: point, Traits: c.traits, Emptied: c.empty}
	if said.Stamp, p = s.stampOf(ctx, v, point, now); p != nil {
		return corrected{}, p
	}
	e, personal, no := s.deps.Corrections.Decoder.Correct(origin, s.deps.Keyring, said, now)
	if no != nil {
		return corrected{}, refuse(http.StatusUnprocessableEntity, string(no.Reason), no.Field, no.Fix)
	}
	if look {
		return corrected{}, nil
	}
	if err := s.looked(ctx, v, actionCorrected); err != nil {
		s.deps.Log.Warn("a correction that cannot be written down is not taken", zap.Error(err))
		return corrected{}, correctionAway
	}
	if err := s.publishEvent(ctx, e, personal, now); err != nil {
		s.deps.Log.Warn("a correction could not be taken", zap.Error(err))
		return corrected{}, correctionAway
	}
	s.metrics.corrections.Inc()
	return corrected{"accepted", e.GetId(), e.GetSource(), trustNames[e.GetTrust()], time.UnixMicro(e.GetOccurredAt()).UTC(), keysOf(c.traits), c.empty}, nil
}

// correctionOrigin is the source that corrections of a controller come in under; nil where it takes none.
func (s *Service) correctionOrigin(controller string) *event.Origin {
	if s.deps.Corrections == nil {
		return nil
	}
	return s.deps.Corrections.Origins[controller]
}

// accountPoint is the strongest point of a person, not of a device, that the log-in proves. All of them have to be the person's still: a correction
// says something of one person.
func (v *visit) accountPoint() (identifier.Key, *problem) {
	var best identifier.Key
	for _, k := range v.proved {
		switch {
		case k.Namespace.Kind() != identifier.KindPerson:
		case !slices.Contains(v.members, k):
			return best, partedRecord
		case best.Value == "" || identifier.Compare(k, best) < 0:
			best = k
		}
	}
	if best.Value == "" {
		return best, accountPoint
	}
	return best, nil
}

// stampOf is when the grant was given under which a point is recognised; 0: it rests on an interest of the controller.
func (s *Service) stampOf(ctx context.Context, v *visit, point identifier.Key, now time.Time) (int64, *problem) {
	points, err := s.registers.load(ctx, v.token.Space, v.token.Controller, []identifier.Key{point})
	if err != nil || points[0].Unreadable {
		return 0, unavailable
	}
	return points[0].Register.Stamp(consent.UnifyCore, now.Unix()), nil
}

// publishEvent seals what is personal of an event and returns once the brokers have it, on the way of all events of its channel.
func (s *Service) publishEvent(ctx context.Context, e *eventpb.Event, personal *eventpb.Personal, now time.Time) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.cfg.PublishTimeout)
	defer cancel()
	if personal != nil {
		plain, err := proto.Marshal(personal)
		if err != nil {
			return fmt.Errorf("encoding personal fields: %w", err)
		}
		if e.Personal, err = s.deps.Corrections.Sealer.Seal(ctx, e.GetController(), now, plain); err != nil {
			return fmt.Errorf("sealing personal fields: %w", err)
		}
	}
	record, err := stream.Encode(stream.TopicEventsWeb, e.GetLeafKey(), e, now)
	if err != nil {
		return err //nolint:wrapcheck // says all
	}
	return s.deps.Producer.Publish(ctx, []stream.Record{record}) //nolint:wrapcheck // the caller says what it was
}
