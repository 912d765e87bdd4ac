package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"
	"unicode"

	pages "rcu/services/internal/page"
	"rcu/services/profileapi"
)

// page writes a record for people: sections of aligned lines.
type page struct {
	out    *tabwriter.Writer
	french bool
}

func newPage(w io.Writer) *page { return &page{out: tabwriter.NewWriter(w, 0, 1, 2, ' ', 0)} }

// section starts a section; it has a title only.
func (p *page) section(title string) { _, _ = fmt.Fprintf(p.out, "\n%s\n", title) }

// line writes the cells of a line. What a terminal would take for a command is taken out: values come from outside.
func (p *page) line(cells ...string) {
	for i := range cells {
		cells[i] = printable(cells[i])
	}
	for len(cells) > 1 && cells[len(cells)-1] == "" {
		cells = cells[:len(cells)-1]
	}
	_, _ = fmt.Fprintf(p.out, "  %s\n", strings.Join(cells, "\t"))
}

// printable is a text without what a terminal would take for a command.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return '?'
	}, s)
}

func (p *page) end() { _ = p.out.Flush() }

// printProfile writes a customer for a person.
func printProfile(w io.Writer, a *profileapi.Answer) {
	p := newPage(w)
	defer p.end()
	if a.Standing != "" {
		p.line("This value is " + a.Standing + ": it identifies nobody. It was seen with:")
		for _, c := range a.Candidates {
			p.line("", c.RCUID)
		}
		return
	}
	p.line("customer", a.RCUID)
	if a.Asked != "" {
		p.line("asked", a.Asked)
	}
	p.line("purpose", a.Purpose)
	p.line("known to", strings.Join(a.Controllers, ", "))
	p.line("seen", span(a.FirstSeen, a.LastSeen))
	p.person(a)
	p.orders("Orders", a.Orders)
	p.orders("To collect", a.ToCollect)
	p.rest(a)
}

func (p *page) person(a *profileapi.Answer) {
	if len(a.Traits) > 0 {
		p.section("Person")
	}
	for _, name := range slices.Sorted(maps.Keys(a.Traits)) {
		t := a.Traits[name]
		p.line(name, t.Value, t.Trust+" by "+t.Source, moment(t.At))
	}
	if len(a.Contacts) > 0 {
		p.section("Recognised by")
	}
	for _, c := range a.Contacts {
		p.line(c.Namespace, c.Value)
	}
}

func (p *page) orders(title string, list []profileapi.Order) {
	if len(list) > 0 {
		p.section(title)
	}
	for _, o := range list {
		total, more := "", []string{}
		if o.Total != nil {
			total = amount(o.Total.Amount, o.Total.Currency)
		}
		for _, r := range o.Returned {
			more = append(more, "returned "+amount(r.Amount, r.Currency))
		}
		if o.OverReturned {
			more = append(more, "more than was paid")
		}
		if o.CollectStore != "" {
			more = append(more, "to collect in "+o.CollectStore)
		}
		when := o.PlacedAt
		if when == nil {
			when = o.ChangedAt
		}
		p.line(span(when, nil), or(o.Number, "-"), place(o.Channel, o.Store), o.State, total, strings.Join(more, ", "))
	}
}

func (p *page) rest(a *profileapi.Answer) {
	p.money(a)
	if len(a.Baskets) > 0 {
		p.section("Open baskets")
	}
	for _, b := range a.Baskets {
		p.line(moment(b.UpdatedAt), place(b.Channel, b.Store), amount(b.Total.Amount, b.Total.Currency))
	}
	if len(a.Cases) > 0 {
		p.section("Cases")
	}
	for _, c := range a.Cases {
		p.line(span(c.OpenedAt, c.ClosedAt), or(c.Number, "-"), c.Kind, c.State, c.Resolution)
	}
	if len(a.Channels) > 0 {
		p.section("Channels")
	}
	for _, c := range a.Channels {
		p.line(c.Channel, fmt.Sprintf("%d events", c.Events), span(&c.FirstAt, &c.LastAt), strings.TrimSpace(c.LastType+" "+c.LastStore))
	}
	if len(a.Counters) > 0 {
		p.section("Events")
	}
	for _, name := range slices.Sorted(maps.Keys(a.Counters)) {
		p.line(name, strconv.FormatInt(a.Counters[name], 10))
	}
}

func (p *page) money(a *profileapi.Answer) {
	if len(a.Spend) > 0 {
		p.section("Spend")
	}
	for _, s := range a.Spend {
		returned := ""
		if s.Returns != 0 {
			returned = "returned " + amount(s.Returns, s.Currency)
		}
		p.line(fmt.Sprintf("%04d-%02d", s.Month/100, s.Month%100), s.Channel, fmt.Sprintf("%d tickets", s.Tickets), amount(s.Sales, s.Currency), returned)
	}
	if len(a.Balances) > 0 {
		p.section("Balances")
	}
	for _, b := range a.Balances {
		text := strconv.FormatInt(b.Amount, 10)
		if b.Currency != "" {
			text = amount(b.Amount, b.Currency)
		}
		p.line(b.Name, text, moment(b.At))
	}
}

// amount writes minor units as people write money.
func amount(minor int64, currency string) string {
	n := pages.Decimals(currency)
	sign, digits := "", strconv.FormatInt(minor, 10)
	if minor < 0 {
		sign, digits = "-", digits[1:]
	}
	if n > 0 {
		digits = strings.Repeat("0", max(0, n+1-len(digits))) + digits
		digits = digits[:len(digits)-n] + "." + digits[len(digits)-n:]
	}
	return sign + digits + " " + currency
}

func moment(t time.Time) string { return t.UTC().Format("2006-01-02 15:04") }

// span writes one time, or from one to another.
func span(from, to *time.Time) string {
	switch {
	case from == nil && to == nil:
		return "-"
	case from == nil:
		return "until " + moment(*to)
	case to == nil || to.Equal(*from):
		return moment(*from)
	}
	return moment(*from) + " to " + moment(*to)
}

func place(channel, store string) string { return strings.TrimSpace(channel + " " + store) }

func or(text, otherwise string) string {
	if text == "" {
		return otherwise
	}
	return text
}
