package consentapi

import (
	"slices"
	"time"

	"rcu/pkg/event"
	"rcu/pkg/identifier"
	"rcu/pkg/profile"
	eventpb "rcu/schemas/event"
	"rcu/services/internal/reveal"
)

// RecordFile is what somebody downloads of their own record: what is known, where it is known from, and what was chosen about it. Times are UTC,
// amounts minor units.
type RecordFile struct {
	Version    int           `json:"version"`
	MadeAt     time.Time     `json:"made_at"`
	Controller string        `json:"controller"`
	RCUID      string        `json:"rcu_id"`
	Closed     string        `json:"closed,omitempty"` // why nothing of the record is here: restricted, erased or deceased
	Points     []pointShown  `json:"points"`
	Traits     []traitKnown  `json:"traits"`
	Emptied    []emptyFile   `json:"emptied,omitempty"` // attributes that the person took away: what was told of them before is neither shown nor used
	Balances   []balanceFile `json:"balances"`
	Spend      []spendFile   `json:"spend"`
	Orders     []orderKnown  `json:"orders"`
	Sales      []saleFile    `json:"sales"` // each order placed, sale and return by itself, under its numbers
	Baskets    []basketFile  `json:"open_baskets"`
	Cases      []caseKnown   `json:"cases"`
	Events     []eventKnown  `json:"newest_events"`
	Decisions  []choiceFile  `json:"decisions"`
	Offers     []offerFile   `json:"soft_optins"` // purchases that permit offers where nothing was decided
	Recipients []recipients  `json:"recipients"`
}

// pointShown is a point of the record. Masked: the log-in does not prove that it is the reader's, so that its value is not told.
type pointShown struct {
	Namespace string     `json:"namespace"`
	Value     string     `json:"value,omitempty"`
	Masked    bool       `json:"masked,omitempty"`
	Source    string     `json:"source,omitempty"`
	At        *time.Time `json:"at,omitempty"`
}

// traitKnown is one value of an attribute. Used: it is the one that the record shows.
type traitKnown struct {
	Name   string    `json:"name"`
	Value  string    `json:"value"`
	Source string    `json:"source"`
	Trust  string    `json:"trust"`
	At     time.Time `json:"at"`
	Used   bool      `json:"used"`
}

type moneyFile struct {
	Amount   int64  `json:"amount"`
	Currency string `json:"currency"`
}

type balanceFile struct {
	Name     string    `json:"name"`
	Amount   int64     `json:"amount"`
	Currency string    `json:"currency,omitempty"`
	At       time.Time `json:"at"`
}

type spendFile struct {
	Currency string `json:"currency"`
	Month    int32  `json:"month"` // yyyymm
	Channel  string `json:"channel"`
	Sales    int64  `json:"sales"`
	Returns  int64  `json:"returns"`
	Tickets  int64  `json:"tickets"`
}

// orderKnown is what is known under one number: an order or a ticket, with what was given back of it.
type orderKnown struct {
	Number       string      `json:"number,omitempty"`
	Channel      string      `json:"channel"`
	Store        string      `json:"store,omitempty"`
	State        string      `json:"state"`
	PlacedAt     *time.Time  `json:"placed_at,omitempty"`
	ChangedAt    *time.Time  `json:"changed_at,omitempty"`
	Total        *moneyFile  `json:"total,omitempty"`
	Returned     []moneyFile `json:"returned,omitempty"`
	Fulfilment   string      `json:"fulfilment,omitempty"`
	CollectStore string      `json:"collect_store,omitempty"`
	Pieces       []pieceFile `json:"pieces,omitempty"`
}

type basketFile struct {
	Channel   string    `json:"channel"`
	Total     moneyFile `json:"total"`
	Lines     int64     `json:"lines"`
	UpdatedAt time.Time `json:"updated_at"`
}

type caseKnown struct {
	Number     string     `json:"number,omitempty"`
	Channel    string     `json:"channel"`
	Kind       string     `json:"kind,omitempty"`
	State      string     `json:"state"`
	Resolution string     `json:"resolution,omitempty"`
	OpenedAt   *time.Time `json:"opened_at,omitempty"`
	ClosedAt   *time.Time `json:"closed_at,omitempty"`
}

type eventKnown struct {
	At        time.Time  `json:"at"`
	Type      string     `json:"type"`
	Channel   string     `json:"channel"`
	Store     string     `json:"store,omitempty"`
	Total     *moneyFile `json:"total,omitempty"`
	Retracted bool       `json:"retracted,omitempty"`
}

type choiceFile struct {
	At       time.Time `json:"decided_at"`
	Label    string    `json:"label"`
	Channel  string    `json:"channel,omitempty"`
	Point    string    `json:"point"`
	Decision string    `json:"decision"`
	Carried  bool      `json:"carried,omitempty"`
	Receipt  string    `json:"receipt"` // path
}

type recipients struct {
	Name    string `json:"name"`
	Purpose string `json:"purpose"`
	Allowed bool   `json:"allowed"`
}

var trustNames = map[eventpb.Trust]string{
	eventpb.Trust_TRUST_IMPORTED: "imported", eventpb.Trust_TRUST_STATED: "stated",
	eventpb.Trust_TRUST_SELF: "self", eventpb.Trust_TRUST_VERIFIED: "verified",
}

// recordFile makes the file of a record: everything that the page shows, and all that it leaves out for brevity.
func (s *Service) recordFile(k *known, x *record) RecordFile {
	v := k.visit
	f := RecordFile{
		Version: 1, MadeAt: s.now().UTC(), Controller: v.token.Controller, RCUID: v.token.RCUID, Closed: string(x.closed),
		Points: []pointShown{}, Traits: []traitKnown{}, Balances: []balanceFile{}, Spend: []spendFile{}, Orders: x.orders(), Sales: x.sales(),
		Baskets: []basketFile{}, Cases: x.cases(), Events: x.events(), Decisions: []choiceFile{}, Recipients: []recipients{}, Offers: []offerFile{},
	}
	if x.closed == "" {
		f.Offers = k.offers()
	}
	for _, p := range v.points {
		f.Points = append(f.Points, x.point(v, p))
	}
	f.Traits, f.Emptied = append(f.Traits, x.traits()...), x.emptied()
	for _, b := range x.profile.Balances {
		f.Balances = append(f.Balances, balanceFile{b.Name, b.Minor, b.Currency, time.UnixMicro(b.At).UTC()})
	}
	for _, m := range x.profile.Spend {
		f.Spend = append(f.Spend, spendFile{m.Currency, m.Month, event.ChannelName(m.Channel), m.Sales, m.Returns, m.Tickets})
	}
	for _, b := range x.profile.Baskets {
		f.Baskets = append(f.Baskets, basketFile{event.ChannelName(b.Channel), moneyOf(b.Total), b.Lines, time.UnixMicro(b.UpdatedAt).UTC()})
	}
	for _, d := range s.allSaid(k) {
		f.Decisions = append(f.Decisions, choiceFile{d.At, d.Label, d.Channel, d.Where, d.Decision, d.Carried, d.Receipt})
	}
	for _, r := range k.recipients(k.rows()) {
		f.Recipients = append(f.Recipients, recipients(r))
	}
	return f
}

// point is a point as its holder may see it: in the clear where the log-in proves it to be theirs, else by its hint.
func (x *record) point(v *visit, p identifier.Key) pointShown {
	out := pointShown{Namespace: string(p.Namespace)}
	known, ok := x.points[p]
	if !ok {
		out.Value, out.Masked = v.hints[p], true
		return out
	}
	out.Source, out.At = known.source, &known.at
	if out.Value = known.value; !slices.Contains(v.proved, p) {
		out.Value, out.Masked = reveal.Hint(p.Namespace, known.value), true
	}
	return out
}

func (x *record) orders() []orderKnown {
	out := []orderKnown{}
	for i := range x.profile.Orders {
		o := &x.profile.Orders[i]
		one := orderKnown{
			Number: x.numbers[o.Ref.Value], Channel: event.ChannelName(o.Channel), Store: o.Store, State: o.State, PlacedAt: instant(o.PlacedAt),
			ChangedAt: instant(o.ChangedAt), Fulfilment: o.Fulfilment, CollectStore: o.CollectStore, Pieces: piecesOf(o),
		}
		if o.PlacedAt != 0 {
			total := moneyOf(o.Total)
			one.Total = &total
		}
		for _, m := range o.Returned {
			one.Returned = append(one.Returned, moneyOf(m))
		}
		out = append(out, one)
	}
	return out
}

func (x *record) cases() []caseKnown {
	out := []caseKnown{}
	for _, c := range x.profile.Cases {
		out = append(out, caseKnown{
			x.numbers[c.Ref.Value], event.ChannelName(c.Channel), c.Kind, c.State, c.Resolution, instant(c.OpenedAt), instant(c.ClosedAt),
		})
	}
	return out
}

func eventKnownOf(e profile.Entry) eventKnown {
	out := eventKnown{At: time.UnixMicro(e.At).UTC(), Type: e.Type, Channel: event.ChannelName(e.Channel), Store: e.Store, Retracted: e.Retracted}
	if e.Currency != "" {
		out.Total = &moneyFile{e.Amount, e.Currency}
	}
	return out
}

func moneyOf(m profile.Money) moneyFile { return moneyFile{m.Minor, m.Currency} }

// instant is a time that may not be known.
func instant(micros int64) *time.Time {
	if micros == 0 {
		return nil
	}
	t := time.UnixMicro(micros).UTC()
	return &t
}
