package consentapi

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"time"

	"rcu/pkg/auth"
	"rcu/pkg/consent"
	"rcu/pkg/contact"
	"rcu/pkg/httpserver"
	"rcu/pkg/identifier"
	eventpb "rcu/schemas/event"
)

// Receipt is the proof of a decision that its person keeps. The signature is Ed25519 over the JSON form without it, the fields in this order.
type Receipt struct {
	Version    int         `json:"version"`
	Decision   string      `json:"decision_id"`
	Controller string      `json:"controller"`
	Subject    string      `json:"subject"` // stands for the point; nobody can read it back
	Purpose    string      `json:"purpose"`
	Channel    string      `json:"channel,omitempty"`
	Decided    string      `json:"decision"`
	DecidedAt  string      `json:"decided_at"`
	RecordedAt string      `json:"recorded_at,omitempty"` // of a receipt that was given with the decision
	ExpiresAt  string      `json:"expires_at,omitempty"`
	Act        string      `json:"act,omitempty"`
	Carried    bool        `json:"carried,omitempty"`
	Guardian   bool        `json:"guardian,omitempty"`
	Notice     *NoticeSeen `json:"notice,omitempty"`
	Proof      string      `json:"proof_sha256,omitempty"`
	Key        string      `json:"key"` // fingerprint of the public key
	Signature  string      `json:"signature"`
}

// NoticeSeen is the text that was shown, with the digest that holds it fast.
type NoticeSeen struct {
	ID       string `json:"id"`
	Version  string `json:"version"`
	Language string `json:"language"`
	SHA256   string `json:"sha256"`
}

// subjectOf stands for a point and controller in receipts.
func subjectOf(space, controller string, k identifier.Key) string {
	sum := sha256.Sum256([]byte(space + "\x00" + controller + "\x00" + string(k.Namespace) + "\x00" + k.Value))
	return hex.EncodeToString(sum[:16])
}

// receipt makes the receipt of a decision.
func (s *Service) receipt(d *eventpb.Decision) Receipt {
	k, _ := keyOf(d)
	r := Receipt{
		Version: 1, Decision: d.GetId(), Controller: d.GetController(), Subject: subjectOf(d.GetSpace(), d.GetController(), k),
		Purpose: d.GetPurpose(), Channel: d.GetChannel(), Decided: d.GetDecision(), DecidedAt: second(d.GetDecidedAt()),
		RecordedAt: second(d.GetReceivedAt() / 1e6), ExpiresAt: second(d.GetExpiresAt()), Act: d.GetAct(), Carried: d.GetCarried(),
		Guardian: d.GetGuardian() != "", Key: s.keyPrint,
	}
	if n, known := s.deps.Registry.Notice(d.GetNoticeId(), d.GetNoticeVersion()); known {
		r.Notice = &NoticeSeen{d.GetNoticeId(), d.GetNoticeVersion(), d.GetNoticeLanguage(), n.SHA256[d.GetNoticeLanguage()]}
	}
	if len(d.GetProofSha256()) > 0 {
		r.Proof = hex.EncodeToString(d.GetProofSha256())
	}
	r.Signature = base64.RawURLEncoding.EncodeToString(s.signer.Sign(r.content()))
	return r
}

// content is what is signed.
func (r Receipt) content() []byte {
	r.Signature = ""
	raw, err := json.Marshal(r)
	if err != nil { // texts and numbers always have a JSON form
		return nil
	}
	return raw
}

func second(t int64) string {
	if t == 0 {
		return ""
	}
	return time.Unix(t, 0).UTC().Format(time.RFC3339)
}

type verifyBody struct {
	Receipt json.RawMessage `json:"receipt"`
	Point   *pointBody      `json:"point"`
}

// verifyReceipt answers whether a receipt is one of ours, unchanged, about this point, and still what holds. A receipt that a later decision
// overtook proves what was decided once: it gives nothing back.
func (s *Service) verifyReceipt(w http.ResponseWriter, r *http.Request, reader auth.Reader) *problem {
	var body verifyBody
	if p := readJSON(w, r, &body); p != nil {
		return p
	}
	var receipt Receipt
	d := json.NewDecoder(bytes.NewReader(body.Receipt))
	d.DisallowUnknownFields()
	if err := d.Decode(&receipt); err != nil {
		return refuse(http.StatusUnprocessableEntity, "no_receipt", "/receipt", "send the receipt as it was given")
	}
	if !s.genuine(receipt) {
		return refuse(http.StatusUnprocessableEntity, "receipt_changed", "/receipt", "send the receipt as it was given: this one was changed, or is not ours")
	}
	x, p := s.scopeOf(reader, receipt.Controller, body.Point)
	switch {
	case p != nil:
		return p
	case subjectOf(x.space, x.controller, x.key) != receipt.Subject:
		return refuse(http.StatusUnprocessableEntity, "other_point", "/point", "send the point that the receipt is about")
	}
	points, err := s.settled(r.Context(), x.space, x.controller, []identifier.Key{x.key})
	if err != nil || points[0].Unreadable {
		return unavailable
	}
	current := points[0].Register.History(consent.Purpose(receipt.Purpose), receipt.Channel).Latest().ID == receipt.Decision
	if contact.IsWish(receipt.Purpose) {
		if current, err = s.wishStands(r.Context(), x, receipt.Decision); err != nil {
			return unavailable
		}
	}
	if !current && receipt.Decided != decisionPending {
		return refuse(http.StatusConflict, "receipt_overtaken", "/receipt", "ask for the history: a later decision holds, and this receipt changes nothing")
	}
	httpserver.WriteJSON(w, http.StatusOK, struct {
		Valid   bool `json:"valid"`
		Current bool `json:"current"`
	}{true, receipt.Decided != decisionPending})
	return nil
}

// publicKey shows the key that receipts are verified with.
func (s *Service) publicKey(w http.ResponseWriter, _ *http.Request) {
	httpserver.WriteJSON(w, http.StatusOK, struct {
		Algorithm string `json:"algorithm"`
		Key       string `json:"key"`
		Public    string `json:"public_key"`
	}{"Ed25519", s.keyPrint, base64.RawURLEncoding.EncodeToString(s.signer.Public())})
}
