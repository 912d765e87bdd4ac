package consentapi

import (
	"cmp"
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"time"

	"rcu/pkg/consent"
	"rcu/pkg/contact"
	"rcu/pkg/identifier"
	"rcu/services/internal/page"
)

// maxHistory bounds the choices that the page tells of; older ones are in the answer to a request for access.
const maxHistory = 100

// preferenceView is what the page shows.
type preferenceView struct {
	Whole      bool
	Base       string // path of the page
	Closed     string // overlay that closes the record; empty: none
	Where      string // of a link: the point that it is about
	Until      time.Time
	Done       string // key of what was just done
	Levels     []levelChoice
	Parts      []partRows
	Topics     []topicChoice
	Often      []oftenChoice
	Pause      pauseChoice
	Recipients []recipientShown
	History    []said
}

type levelChoice struct {
	ID      string
	Current bool
}

type topicChoice struct {
	ID, Label string
	Unwanted  bool
	Locked    bool // said in the account: a link does not take it back
}

// oftenChoice is how often somebody wants to hear of us, on one channel or over all of them.
type oftenChoice struct {
	Channel string
	Options []oftenOption
	Locked  bool
}

type oftenOption struct {
	ID      string
	Current bool
}

type pauseChoice struct {
	On     bool
	Until  time.Time
	Days   int
	Locked bool
}

type recipientShown struct {
	Name, Purpose string
	Allowed       bool
}

// said is one choice of the past, with what proves it.
type said struct {
	At       time.Time
	Label    string
	Channel  string
	Where    string
	Decision string
	Carried  bool
	Receipt  string // path
	id       string
}

// known is everything that the page shows or decides from.
type known struct {
	table
	books []contact.Book
}

// known reads the registers and wishes of a visit. What cannot be read is not shown: nobody decides about what they cannot see.
func (s *Service) known(ctx context.Context, v *visit, lang page.Language) (*known, *problem) {
	var points []consent.Point
	var books []contact.Book
	err := s.onWhole(ctx, func(ctx context.Context) (err error) {
		if points, err = s.registers.load(ctx, v.token.Space, v.token.Controller, v.points); err != nil {
			return err
		}
		if err = s.lived(ctx, v.token.Space, v.token.Controller, points); err != nil {
			return err
		}
		books, err = s.registers.wishes(ctx, v.token.Space, v.token.Controller, v.points)
		return err
	})
	if err != nil || slices.ContainsFunc(points, func(p consent.Point) bool { return p.Unreadable }) {
		return nil, unavailable
	}
	// times are whole seconds: what was just said holds from the next one on
	return &known{table{s.deps.Registry, v, points, s.site.Words(), lang, s.now().Unix() + 1}, books}, nil
}

// wished is what holds of the wishes: of a link those of its point, of a session the strictest of all points.
func (k *known) wished() contact.Wishes {
	if !k.visit.whole {
		return contact.WishesAt(k.books[0], nil, time.Unix(k.now, 0))
	}
	return contact.WishesOf(k.books, time.Unix(k.now, 0))
}

// locked reports whether a link meets a wish that was said in the account.
func (k *known) locked(kind contact.WishKind, about string) bool {
	if k.visit.whole {
		return false
	}
	w, ok := k.books[0].Said(kind, about, true)
	return ok && w.Value > 0 && (kind == contact.WishFrequency || w.Value > k.now)
}

// view makes the page.
func (s *Service) view(k *known, done string) preferenceView {
	v := preferenceView{
		Whole: k.visit.whole, Until: time.Unix(k.visit.token.Until, 0).UTC(), Done: done, Levels: k.levels(s.shared), Parts: k.rows(),
		Topics: k.topics(), Often: k.often(), Pause: k.pause(), History: s.said(k),
	}
	v.Closed = string(consent.Closed(k.points, k.now))
	if !v.Whole {
		v.Where = k.place(k.visit.proved[0])
	}
	v.Recipients = k.recipients(v.Parts)
	return v
}

// levels tells which level what was decided amounts to.
func (k *known) levels(shared func(consent.Register) []consent.Purpose) []levelChoice {
	out := make([]levelChoice, 0, 4)
	met := false
	for _, l := range []consent.Level{consent.LevelNone, consent.LevelService, consent.LevelUseful, consent.LevelAll} {
		current := !met && k.keepsTo(l, shared)
		met = met || current
		out = append(out, levelChoice{string(l), current})
	}
	return out
}

// keepsTo reports whether nothing is allowed that a level leaves out.
func (k *known) keepsTo(l consent.Level, shared func(consent.Register) []consent.Purpose) bool {
	for _, p := range k.points {
		topics, _ := l.Denies(shared(p.Register))
		for _, pc := range topics {
			if consent.Reaches(pc.Channel, p.Key.Namespace) && (p.AllowedAt(pc.Purpose, pc.Channel, k.now) || len(p.SalesOn(pc.Purpose, pc.Channel, k.now)) > 0) {
				return false
			}
		}
	}
	return true
}

func (k *known) topics() []topicChoice {
	wished := k.wished()
	out := make([]topicChoice, 0, len(k.reg.Topics))
	for _, id := range keysOf(k.reg.Topics) {
		out = append(out, topicChoice{
			ID: id, Label: k.reg.Topics[id].Label.In(string(k.lang)), Locked: k.locked(contact.WishTopic, id),
			Unwanted: slices.ContainsFunc(wished.Suppressed, func(x contact.Suppression) bool { return x.Topic == id }),
		})
	}
	return out
}

// frequencies are those that the page offers, from the one that keeps most away.
var frequencies = []contact.Frequency{contact.Never, contact.Monthly, contact.Weekly, contact.Daily, contact.Unlimited}

func (k *known) often() []oftenChoice {
	wished := k.wished()
	var out []oftenChoice
	for _, c := range k.oftenChannels() {
		x := oftenChoice{Channel: c, Locked: k.locked(contact.WishFrequency, c)}
		for _, f := range frequencies {
			x.Options = append(x.Options, oftenOption{f.String(), wished.Frequency[c] == f})
		}
		out = append(out, x)
	}
	return out
}

// oftenChannels are those that reach a point of the visit; empty first: all channels together.
func (k *known) oftenChannels() []string {
	out := []string{""}
	for _, c := range []string{consent.ChannelEmail, consent.ChannelSMS, consent.ChannelPhone, consent.ChannelPost, consent.ChannelMessaging, consent.ChannelPush} {
		if slices.ContainsFunc(k.visit.points, func(p identifier.Key) bool { return consent.Reaches(c, p.Namespace) }) {
			out = append(out, c)
		}
	}
	return out
}

func (k *known) pause() pauseChoice {
	p := pauseChoice{Days: k.reg.Terms["pause_days"].Days, Locked: k.locked(contact.WishPause, "")}
	if until := k.wished().Paused; until.Unix() > k.now {
		p.On, p.Until = true, until.UTC()
	}
	return p
}

// recipients are those whom the register names beside the controller, each with a purpose that may bring data to them, and those that anything
// was decided about.
func (k *known) recipients(parts []partRows) []recipientShown {
	var out []recipientShown
	for _, part := range parts {
		for _, p := range part.Purposes {
			if p.Name != "" && p.recipient {
				out = append(out, recipientShown{p.Name, p.Label, slices.ContainsFunc(p.Rows, func(r row) bool { return r.Allowed })})
			}
		}
	}
	mask := consent.Permissions(k.points, k.now)
	for _, info := range consent.Purposes() {
		x := k.reg.Purposes[string(info.Purpose)]
		for _, name := range x.Recipients {
			if !info.Parameter {
				out = append(out, recipientShown{name, x.Label.In(string(k.lang)), !info.Decidable || mask.Has(info.Purpose)})
			}
		}
	}
	return out
}

// preferencePage shows the choices of a visit.
func (s *Service) preferencePage(w http.ResponseWriter, r *http.Request) {
	v, ok := s.visited(w, r)
	if !ok {
		return
	}
	k, p := s.known(r.Context(), v, page.LanguageOf(r))
	if p != nil {
		s.showPreferenceProblem(w, r, p)
		return
	}
	var corrections []said
	if v.whole { // where the record cannot be read points are named by their kind: choices do not wait for it
		if x, p := s.recordOf(r.Context(), v); p == nil {
			corrections = s.saidCorrections(k.lang, v, x)
		}
	}
	done := r.URL.Query().Get("done")
	if !slices.Contains(doneKeys, done) {
		done = ""
	}
	view := s.view(k, done)
	view.Base, view.History = r.URL.Path, newestSaid(view.History, corrections)
	s.render(w, r, http.StatusOK, "preferences", "pref.title", view)
}

// visited opens the visit of a request, or answers why not.
func (s *Service) visited(w http.ResponseWriter, r *http.Request) (*visit, bool) {
	w.Header().Set("X-Robots-Tag", "noindex, nofollow, noarchive")
	v, p := s.openPreference(r.Context(), r.PathValue("token"))
	allowed := true
	switch {
	case p == nil:
		allowed = s.visits.allow(tokenPrint(v), s.now())
	case p.status != http.StatusServiceUnavailable:
		allowed = s.guesses.allow(origin(r), s.now())
	}
	if !allowed {
		p = tooMany
	}
	if p != nil {
		s.showPreferenceProblem(w, r, p)
		return nil, false
	}
	return v, true
}

var (
	tooMany    = refuse(http.StatusTooManyRequests, "too_many", "", "wait for a minute")
	otherPoint = refuse(http.StatusForbidden, "other_point", "/row", "open the link of the point that is meant")
	badChoice  = refuse(http.StatusBadRequest, "bad_choice", "", "open the page again, and choose there")
)

// showPreferenceProblem says what to do when the page cannot be shown or a choice not taken.
func (s *Service) showPreferenceProblem(w http.ResponseWriter, r *http.Request, p *problem) {
	if isJSON(r) {
		p.write(w, r)
		return
	}
	kind := map[string]string{
		badLink.Reason: "plink", overLink.Reason: "pover", otherPoint.Reason: "pother", badChoice.Reason: "pchoice", tooMany.Reason: "pmany",
		partedRecord.Reason: "pparted", accountOnly.Reason: "paccount", closedRecord.Reason: "pclosed", correctElsewhere.Reason: "pelsewhere",
		accountPoint.Reason: "ppoint", correctionAway.Reason: "pcorrection",
	}[p.Reason]
	if p.status == http.StatusServiceUnavailable || p.status == http.StatusTooManyRequests {
		w.Header().Set("Retry-After", map[bool]string{true: "60", false: "1"}[p.status == http.StatusTooManyRequests])
	}
	s.show(w, r, p.status, cmp.Or(kind, "later"), "", "")
}

// receiptToken names a decision whose receipt is asked for.
type receiptToken struct {
	Space      string `json:"s"`
	Controller string `json:"c"`
	Namespace  string `json:"n"`
	Pseudonym  []byte `json:"p"`
	Purpose    string `json:"u"`
	Channel    string `json:"h"`
	Decision   string `json:"d"`
}

// receiptPath is where the receipt of a decision is; nobody reads anything of the person from it.
func (s *Service) receiptPath(space, controller string, k identifier.Key, pc consent.PurposeChannel, id string) string {
	content, err := json.Marshal(receiptToken{space, controller, string(k.Namespace), []byte(k.Value), string(pc.Purpose), pc.Channel, id})
	if err != nil {
		return ""
	}
	token, err := s.receipts.Seal(content)
	if err != nil {
		return ""
	}
	return "/v1/consents/" + token + "/receipt"
}
