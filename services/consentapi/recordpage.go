package consentapi

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"go.uber.org/zap"

	"rcu/pkg/auth"
	"rcu/pkg/event"
	"rcu/pkg/httpserver"
	"rcu/services/internal/page"
)

// Limits of the page of a record; the file holds all of it.
const (
	ordersShown = 20
	casesShown  = 10
)

// recordView is the page of a record.
type recordView struct {
	Base   string // path of the preference centre
	Closed string // overlay that closes the record; empty: none
	First  time.Time
	Last   time.Time
	Points []pointRow
	Traits []traitRow
	Empty  []emptyRow
	Orders []orderRow
	More   int // orders that the page leaves out
	Cases  []caseKnown
	Sums   []sumRow
	Places []placeRow
	// Correct is the form of a correction; nil where the controller takes none here
	Correct   *correctView
	Corrected string // what became of the correction just sent
	Self      string // path of this page with the correction just sent
}

type pointRow struct {
	Where  string
	Source string
	At     *time.Time
}

type traitRow struct {
	traitKnown
	Label string
	More  int // other values that are known
}

type orderRow struct {
	orderKnown
	Amount string
}

// sumRow is a balance, written out.
type sumRow struct {
	Name, Amount string
	At           time.Time
}

// placeRow is what happened on a channel.
type placeRow struct {
	Channel string
	Count   int
	Last    time.Time
}

// looked writes down that somebody looked at their own record, or asked for something about it.
func (s *Service) looked(ctx context.Context, v *visit, action string) error {
	return s.written(ctx, auth.Reader{Name: v.token.Source, Role: roleCustomer}, v.scope(v.proved[0]), action)
}

// recordPage shows what is known of the person of a session, or gives it as a file (?form=json). Every look is a line of the audit.
func (s *Service) recordPage(w http.ResponseWriter, r *http.Request) {
	v, ok := s.visited(w, r)
	if !ok {
		return
	}
	x, p := s.recordOf(r.Context(), v)
	var k *known
	if p == nil {
		k, p = s.known(r.Context(), v, page.LanguageOf(r))
	}
	asFile := r.URL.Query().Get("form") == "json"
	if p == nil {
		action := map[bool]string{true: "own_record_file", false: "own_record"}[asFile]
		if err := s.looked(r.Context(), v, action); err != nil {
			s.deps.Log.Warn("a look that cannot be written down is not answered", zap.Error(err))
			p = unavailable
		}
	}
	switch {
	case p != nil:
		s.showPreferenceProblem(w, r, p)
	case asFile:
		s.sendRecord(w, s.recordFile(k, x))
	default:
		view := s.recordView(k, x, "/p/"+r.PathValue("token"))
		if origin := s.correctionOrigin(v.token.Controller); origin != nil && x.closed == "" {
			form := s.correctView(k.lang, view.Base, newID(), x.shownTraits())
			view.Correct, view.Corrected = &form, x.correctionState(origin.Source, r.URL.Query().Get("corrected"))
			view.Self = r.URL.RequestURI() + "#correct"
		}
		s.render(w, r, http.StatusOK, "record", "record.title", view)
	}
}

// sendRecord gives a record as a file that the browser keeps.
func (s *Service) sendRecord(w http.ResponseWriter, f RecordFile) {
	body, err := json.MarshalIndent(f, "", "  ")
	if err != nil {
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Disposition", `attachment; filename="record-`+f.MadeAt.Format(time.DateOnly)+`.json"`)
	httpserver.WriteBodyAs(w, http.StatusOK, "application/json", body)
}

func (s *Service) recordView(k *known, x *record, base string) recordView {
	out := recordView{Base: base, Closed: string(x.closed), Cases: x.cases()}
	if x.profile.First != 0 {
		out.First, out.Last = time.UnixMicro(x.profile.First).UTC(), time.UnixMicro(x.profile.Last).UTC()
	}
	if x.closed != "" {
		return out
	}
	for _, p := range k.visit.points {
		shown := x.point(k.visit, p)
		out.Points = append(out.Points, pointRow{k.place(p), shown.Source, shown.At})
	}
	out.Traits, out.Empty = s.traitRows(k.lang, x), s.emptyRows(k.lang, x)
	orders := x.orders()
	out.More = max(0, len(orders)-ordersShown)
	for _, o := range orders[:min(len(orders), ordersShown)] {
		row := orderRow{orderKnown: o}
		if o.Total != nil {
			row.Amount = page.Amount(k.lang, o.Total.Amount, o.Total.Currency)
		}
		out.Orders = append(out.Orders, row)
	}
	out.Cases = out.Cases[:min(len(out.Cases), casesShown)]
	for _, b := range x.profile.Balances {
		out.Sums = append(out.Sums, sumRow{b.Name, page.Amount(k.lang, b.Minor, b.Currency), time.UnixMicro(b.At).UTC()})
	}
	for _, a := range x.profile.Activity {
		out.Places = append(out.Places, placeRow{event.ChannelName(a.Channel), int(a.Events), time.UnixMicro(a.Last).UTC()})
	}
	return out
}

// traitRows are the values in use, each with how many others are known.
func (s *Service) traitRows(lang page.Language, x *record) []traitRow {
	var out []traitRow
	for _, t := range x.traits() {
		if !t.Used {
			out[len(out)-1].More++
			continue
		}
		out = append(out, traitRow{traitKnown: t, Label: s.traitLabel(lang, t.Name)})
	}
	return out
}

// traitLabel is an attribute in words; one that nobody wrote words for is shown by its name.
func (s *Service) traitLabel(lang page.Language, name string) string {
	key := "record.trait." + name
	if label := s.site.Words().In(lang, key); label != key {
		return label
	}
	return name
}
