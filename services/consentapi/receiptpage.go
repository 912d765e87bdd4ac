package consentapi

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"time"

	"rcu/pkg/consent"
	"rcu/pkg/contact"
	"rcu/pkg/httpserver"
	"rcu/pkg/identifier"
	eventpb "rcu/schemas/event"
	"rcu/services/internal/page"
)

// receiptView is a receipt for people, with what verifying it says.
type receiptView struct {
	Receipt  Receipt
	Label    string
	Decision string // key of its word
	Decided  time.Time
	Expires  time.Time
	Genuine  bool
	Current  bool
	Download string
}

// receiptOf answers GET /v1/consents/{id}/receipt: as a page for people, else as JSON. The id stands for one decision about one point, and was
// given to whoever may know it.
func (s *Service) receiptOf(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("X-Robots-Tag", "noindex, nofollow, noarchive")
	shown := strings.Contains(r.Header.Get("Accept"), "text/html") && r.URL.Query().Get("form") != "json"
	var receipt Receipt
	var current bool
	var p *problem
	err := s.onWhole(r.Context(), func(ctx context.Context) error {
		receipt, current, p = s.receiptBy(r.WithContext(ctx), r.PathValue("id"))
		return nil
	})
	if err != nil {
		p = unavailable
	}
	if p != nil {
		if p.status == http.StatusNotFound && !s.guesses.allow(origin(r), s.now()) {
			p = tooMany
		}
		if shown {
			s.showPreferenceProblem(w, r, p)
		} else {
			p.write(w, r)
		}
		return
	}
	w.Header().Set("Vary", "Accept, Accept-Language")
	if !shown {
		httpserver.WriteJSON(w, http.StatusOK, receipt)
		return
	}
	view := receiptView{Receipt: receipt, Genuine: s.genuine(receipt), Current: current, Download: r.URL.Path + "?form=json"}
	view.Decided, _ = time.Parse(time.RFC3339, receipt.DecidedAt)
	if receipt.ExpiresAt != "" {
		view.Expires, _ = time.Parse(time.RFC3339, receipt.ExpiresAt)
	}
	view.Label, view.Decision = receipt.Purpose, receipt.Decided
	if wish, is := contact.WishOf(&eventpb.Decision{Purpose: receipt.Purpose, Channel: receipt.Channel, Decision: receipt.Decided, ExpiresAt: until(view.Expires)}); is {
		view.Label, view.Decision = s.wishWords(page.LanguageOf(r), wish)
	}
	if purpose, known := s.deps.Registry.Purpose(receipt.Purpose); known {
		view.Label = purpose.Label.In(string(page.LanguageOf(r)))
	}
	if overlay, is := consent.OverlayOf(consent.Purpose(receipt.Purpose)); is {
		view.Label = s.site.Words().In(page.LanguageOf(r), "pref.said."+string(overlay))
		view.Decision = map[bool]string{true: "lifted", false: "wished"}[receipt.Decided == decisionGrant]
	}
	s.render(w, r, http.StatusOK, "receipt", "receipt.title", view)
}

// until is an end in seconds; 0 where there is none.
func until(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.Unix()
}

// genuine verifies the signature of a receipt.
func (s *Service) genuine(r Receipt) bool {
	signature, err := base64.RawURLEncoding.Strict().DecodeString(r.Signature)
	return err == nil && r.Version == 1 && s.signer.Verify(r.content(), signature)
}

// receiptBy makes the receipt of a decision from the register of its point, and says whether it still holds.
func (s *Service) receiptBy(r *http.Request, id string) (Receipt, bool, *problem) {
	var t receiptToken
	content, err := s.receipts.Open(id)
	if err != nil || json.Unmarshal(content, &t) != nil {
		return Receipt{}, false, unknownReceipt
	}
	pseudonym, err := identifier.ParsePseudonym(t.Pseudonym)
	if err != nil {
		return Receipt{}, false, unknownReceipt
	}
	k := identifier.KeyOf(identifier.Namespace(t.Namespace), pseudonym)
	if contact.IsWish(t.Purpose) {
		return s.wishReceipt(r, t, k)
	}
	points, err := s.registers.load(r.Context(), t.Space, t.Controller, []identifier.Key{k})
	if err != nil || points[0].Unreadable {
		return Receipt{}, false, unavailable
	}
	h := points[0].Register.History(consent.Purpose(t.Purpose), t.Channel)
	for _, ds := range [...][]consent.Decision{h.Said, h.Carried} {
		i := slices.IndexFunc(ds, func(d consent.Decision) bool { return d.ID == t.Decision })
		if i < 0 {
			continue
		}
		d := &eventpb.Decision{
			Space: t.Space, Controller: t.Controller, Id: t.Decision, Purpose: t.Purpose, Channel: t.Channel, Decision: decisionWords[ds[i].Dec],
			Point: &eventpb.Identifier{Namespace: t.Namespace, Pseudonym: t.Pseudonym}, Carried: ds[i].Carried,
			DecidedAt: ds[i].At, ExpiresAt: ds[i].Expires,
		}
		return s.receipt(d), h.Latest().ID == t.Decision, nil
	}
	return Receipt{}, false, unknownReceipt
}

var unknownReceipt = refuse(http.StatusNotFound, "unknown_link", "", "use the address of the receipt as it was given; what was forgotten since is in the evidence that a request for access brings")

// wishReceipt makes the receipt of a wish.
func (s *Service) wishReceipt(r *http.Request, t receiptToken, k identifier.Key) (Receipt, bool, *problem) {
	books, err := s.registers.wishes(r.Context(), t.Space, t.Controller, []identifier.Key{k})
	if err != nil {
		return Receipt{}, false, unavailable
	}
	for _, w := range books[0].All() {
		if wishID(t.Space, t.Controller, k, w) != t.Decision {
			continue
		}
		d := &eventpb.Decision{
			Space: t.Space, Controller: t.Controller, Id: t.Decision, Point: &eventpb.Identifier{Namespace: t.Namespace, Pseudonym: t.Pseudonym},
		}
		w.Say(d)
		return s.receipt(d), true, nil
	}
	return Receipt{}, false, unknownReceipt
}

// wishStands reports whether a wish is the latest of what it is about.
func (s *Service) wishStands(ctx context.Context, x scope, id string) (bool, error) {
	var books []contact.Book
	err := s.onWhole(ctx, func(ctx context.Context) (err error) {
		books, err = s.registers.wishes(ctx, x.space, x.controller, []identifier.Key{x.key})
		return err
	})
	if err != nil {
		return false, err
	}
	return slices.ContainsFunc(books[0].All(), func(w contact.Wish) bool { return wishID(x.space, x.controller, x.key, w) == id }), nil
}
