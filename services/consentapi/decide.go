package consentapi

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"net/http"
	"time"

	"go.uber.org/zap"
	"google.golang.org/protobuf/proto"

	"rcu/pkg/auth"
	"rcu/pkg/consent"
	"rcu/pkg/consent/ledger"
	"rcu/pkg/httpserver"
	"rcu/pkg/identifier"
	eventpb "rcu/schemas/event"
)

const (
	decisionGrant   = "grant"
	decisionPending = "pending"
	methodCarried   = "carried"
)

// decisionBody is the body of POST /v1/consents: one decision, about one purpose.
type decisionBody struct {
	ID          string      `json:"id"` // of the caller: sending it again changes nothing
	Controller  string      `json:"controller"`
	Point       *pointBody  `json:"point"`
	WholePerson bool        `json:"whole_person"` // of a denial: for every point of the person
	Purpose     string      `json:"purpose"`
	Purposes    []string    `json:"purposes"` // refused: one purpose is asked for at a time
	Channel     string      `json:"channel"`
	Decision    string      `json:"decision"`
	Method      string      `json:"method"`
	Act         string      `json:"act"`
	DecidedAt   *time.Time  `json:"decided_at"`
	ExpiresAt   *time.Time  `json:"expires_at"`
	Notice      *noticeBody `json:"notice"`
	Proof       *proofBody  `json:"proof"`
	Guardian    string      `json:"guardian"`
}

type noticeBody struct {
	ID       string `json:"id"`
	Version  string `json:"version"`
	Language string `json:"language"`
}

type proofBody struct {
	Type   string `json:"type"`
	SHA256 string `json:"sha256"`
}

// Decided answers a decision.
type Decided struct {
	State        string        `json:"state"` // granted | denied | pending
	Stands       kept          `json:"stands"`
	Receipts     []Receipt     `json:"receipts"`
	Confirmation *confirmation `json:"confirmation,omitempty"`
}

// confirmation is how a pending grant is confirmed: a link that goes to the very point.
type confirmation struct {
	Path      string `json:"path"`
	ExpiresAt string `json:"expires_at"`
}

var kindOf = map[string]ledger.Kind{"grant": ledger.Grant, "refuse": ledger.Refuse, "withdraw": ledger.Withdraw, "object": ledger.Object}

// decide takes one decision in.
func (s *Service) decide(w http.ResponseWriter, r *http.Request, reader auth.Reader) *problem {
	var body decisionBody
	if p := readJSON(w, r, &body); p != nil {
		return p
	}
	x, p := s.scopeOf(reader, body.Controller, body.Point)
	if p != nil {
		return p
	}
	st, p := s.statement(x, body)
	if p != nil {
		return p
	}
	d := s.message(x, reader, st)
	if st.Kind.Denies() {
		s.keepTime(r.Context(), x, d)
		return s.answerDenial(w, r, x, d, body.WholePerson)
	}
	if again, p := s.repeated(r.Context(), x, d, body.ID != "" && body.DecidedAt == nil); again || p != nil {
		if p == nil {
			s.answer(w, "granted", kept{InForce: true, Durable: true}, d)
		}
		return p
	}
	if !st.Carried && s.deps.Registry.Waits(st.Act, x.key.Namespace) {
		return s.answerPending(w, r, d)
	}
	k, err := s.grant(r.Context(), []*eventpb.Decision{d})
	if err != nil {
		return kafkaAway
	}
	s.answer(w, "granted", k, d)
	return nil
}

var kafkaAway = refuse(http.StatusServiceUnavailable, "kafka_unavailable", "", "try again: a grant counts once it is durable, and nothing was granted")

// statement reads a body and holds it against the register of purposes.
func (s *Service) statement(x scope, body decisionBody) (ledger.Statement, *problem) {
	now := s.now().Unix()
	kind, known := kindOf[body.Decision]
	switch {
	case len(body.Purposes) > 0:
		return ledger.Statement{}, refuse(http.StatusUnprocessableEntity, "not_granular", "/purposes", "ask and send purpose by purpose: one act is one decision about one purpose")
	case !known:
		return ledger.Statement{}, refuse(http.StatusUnprocessableEntity, "decision", "/decision", "use grant, refuse, withdraw or object")
	case body.Method != "" && body.Method != "affirmative" && body.Method != methodCarried:
		return ledger.Statement{}, refuse(http.StatusUnprocessableEntity, "carried", "/method", "use affirmative or carried")
	case body.WholePerson && !kind.Denies():
		return ledger.Statement{}, refuse(http.StatusUnprocessableEntity, ledger.CodePersonGrant, "/whole_person", "grant point by point: there is no grant of a whole person")
	case len(body.ID) > maxID:
		return ledger.Statement{}, tooLong("/id")
	case len(body.Guardian) > maxID:
		return ledger.Statement{}, tooLong("/guardian")
	}
	st := ledger.Statement{
		ID: body.ID, Controller: x.controller, Point: x.point(), Kind: kind, Carried: body.Method == methodCarried, Act: body.Act,
		Topic:     consent.PurposeChannel{Purpose: consent.Purpose(body.Purpose), Channel: body.Channel},
		DecidedAt: now, RecordedAt: now, Guardian: body.Guardian,
	}
	if body.DecidedAt != nil {
		st.DecidedAt = body.DecidedAt.Unix()
		st.RecordedAt = max(now, st.DecidedAt)
	}
	if body.ExpiresAt != nil {
		st.ExpiresAt = body.ExpiresAt.Unix()
	}
	if body.Notice != nil {
		st.Notice = ledger.Notice{ID: body.Notice.ID, Version: body.Notice.Version, Language: body.Notice.Language}
	}
	if body.Proof != nil {
		st.Proof = ledger.Proof{Type: body.Proof.Type, SHA256: body.Proof.SHA256}
	}
	if f := st.Check(s.deps.Registry, now); f != nil {
		return st, refuseFault(f)
	}
	return st, nil
}

// message is the decision as it lies on Kafka. Also of a clock that runs fast no decision lies in the future.
func (s *Service) message(x scope, reader auth.Reader, st ledger.Statement) *eventpb.Decision {
	now := s.now()
	id := reader.Name + "/" + st.ID // ids are unique per caller
	if st.ID == "" {
		id = newID()
	}
	d := &eventpb.Decision{
		Space: x.space, Controller: x.controller, Source: reader.Name, Id: id,
		Point:   &eventpb.Identifier{Namespace: string(x.key.Namespace), Pseudonym: x.pseudonym[:]},
		Purpose: string(st.Topic.Purpose), Channel: st.Topic.Channel, Decision: st.Kind.String(), Carried: st.Carried && st.Kind == ledger.Grant,
		DecidedAt: min(st.DecidedAt, now.Unix()), ReceivedAt: now.UnixMicro(), Act: st.Act,
		NoticeId: st.Notice.ID, NoticeVersion: st.Notice.Version, NoticeLanguage: st.Notice.Language, ProofType: st.Proof.Type, Guardian: st.Guardian,
	}
	if sum, err := hex.DecodeString(st.Proof.SHA256); err == nil && len(sum) > 0 {
		d.ProofSha256 = sum
	}
	if info, ok := consent.PurposeOf(st.Topic.Purpose); ok && st.Kind == ledger.Grant {
		d.ExpiresAt = info.EndOn(st.Topic.Channel, d.DecidedAt, st.ExpiresAt)
	}
	return d
}

func newID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails (crypto/rand)
	return hex.EncodeToString(b[:])
}

// repeated reports whether a grant of the same id was taken already. The same id with other content is refused: a grant that was overtaken is
// not made again by sending it again. Where the register cannot be read a grant is taken all the same, and joined once it can; but for one that has an id
// and no time of its own: sent again it would count as said now, over whatever was refused since.
func (s *Service) repeated(ctx context.Context, x scope, d *eventpb.Decision, timeless bool) (bool, *problem) {
	points, err := s.settled(ctx, x.space, x.controller, []identifier.Key{x.key})
	switch {
	case (err != nil || points[0].Unreadable) && timeless:
		return false, unavailable
	case err != nil || points[0].Unreadable:
		return false, nil
	}
	h := points[0].Register.History(consent.Purpose(d.GetPurpose()), d.GetChannel())
	for _, ds := range [...][]consent.Decision{h.Said, h.Carried} {
		for _, old := range ds {
			if old.ID != d.GetId() {
				continue
			}
			if old.Dec != consent.Grant || old.Carried != d.GetCarried() {
				return false, refuse(http.StatusConflict, "id_reused", "/id", "give every decision its own id")
			}
			if h.Latest().ID != old.ID {
				return false, refuse(http.StatusConflict, "overtaken", "/id", "a later decision holds: ask the person again, and send a new decision")
			}
			d.DecidedAt, d.ExpiresAt = old.At, old.Expires
			return true, nil
		}
	}
	return false, nil
}

// keepTime gives a denial that was sent before the time it had then, so that sending it again takes no later grant away.
func (s *Service) keepTime(ctx context.Context, x scope, d *eventpb.Decision) {
	points, err := s.registers.load(ctx, x.space, x.controller, []identifier.Key{x.key})
	if err != nil {
		return // a denial is valid however it arrives
	}
	for _, old := range points[0].Register.History(consent.Purpose(d.GetPurpose()), d.GetChannel()).Said {
		if old.ID == d.GetId() && old.Denies() {
			d.DecidedAt = old.At
		}
	}
}

// answerDenial puts a denial in force for a point, or for every point of the person.
func (s *Service) answerDenial(w http.ResponseWriter, r *http.Request, x scope, d *eventpb.Decision, whole bool) *problem {
	ds := []*eventpb.Decision{d}
	if whole {
		more, err := s.pointsOf(r.Context(), x)
		if err != nil {
			// the point itself is denied all the same
			_, _ = s.deny(r.Context(), ds)
			return refuse(http.StatusServiceUnavailable, "person_unreadable", "/whole_person", "the point is denied; send it again: the other points of the person cannot be read now")
		}
		ds = copies(d, more)
	}
	return s.denied(w, r, ds)
}

// denied puts denials in force and answers.
func (s *Service) denied(w http.ResponseWriter, r *http.Request, ds []*eventpb.Decision) *problem {
	k, err := s.deny(r.Context(), ds)
	if err != nil {
		s.deps.Log.Error("denials are not in force yet", zap.Int("decisions", len(ds)), zap.Error(err))
		return notInForce
	}
	s.answer(w, "denied", k, ds...)
	return nil
}

var notInForce = refuse(http.StatusServiceUnavailable, "not_in_force_yet", "", "send it again: the denial was noted where it could be, and until the registers can be written everything optional is denied")

// copies makes the decision for other points too.
func copies(d *eventpb.Decision, more []identifier.Key) []*eventpb.Decision {
	ds := []*eventpb.Decision{d}
	own, _ := keyOf(d)
	for _, k := range more {
		if k == own {
			continue
		}
		c := proto.CloneOf(d)
		c.Point = &eventpb.Identifier{Namespace: string(k.Namespace), Pseudonym: []byte(k.Value)}
		ds = append(ds, c)
	}
	return ds
}

// answer counts and writes a success.
func (s *Service) answer(w http.ResponseWriter, state string, k kept, ds ...*eventpb.Decision) {
	a := Decided{State: state, Stands: k}
	for _, d := range ds {
		s.metrics.decisions.WithLabelValues(d.GetDecision()).Inc()
		a.Receipts = append(a.Receipts, s.receipt(d))
	}
	httpserver.WriteJSON(w, http.StatusOK, a)
}
