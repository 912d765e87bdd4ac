package realdata

import (
	"errors"
	"strings"
)

// Sum names a sum: of the totals of one type of event in one currency and calendar month of the source's zone ("2017-01").
type Sum struct{ Type, Currency, Month string }

// Spent names what a customer spent in a currency, returns taken off.
type Spent struct{ Customer, Currency string }

// Figures are what a file holds once it is imported.
type Figures struct {
	Rows       int            // data rows of the file
	Duplicates int            // rows that repeat another and count once
	Skipped    int            // rows that are no event
	Events     map[string]int // events by type
	Lines      map[string]int // lines by type of their event
	Sums       map[Sum]int64  // totals, minor units
	LineSums   map[Sum]int64  // the same from the lines
	Customers  map[string]int // events by customer as the file names him
	Spend      map[Spent]int64
	Anonymous  map[string]int // events without a customer, by type
	States     map[string]int // order states that are told, by state
	Pairs      map[string]int // (user, views): views by user
}

// NewFigures returns empty figures.
func NewFigures() Figures {
	return Figures{
		Events: map[string]int{}, Lines: map[string]int{}, Sums: map[Sum]int64{}, LineSums: map[Sum]int64{}, Customers: map[string]int{}, Spend: map[Spent]int64{},
		Anonymous: map[string]int{}, States: map[string]int{}, Pairs: map[string]int{},
	}
}

// Fact is one event as the figures see it.
type Fact struct {
	Type, Currency, Month, Customer string
	Total                           int64
	Lines                           int
	LineSum                         int64
	State                           string
}

// Add counts an event.
func (f *Figures) Add(e Fact) {
	f.Events[e.Type]++
	if e.Lines > 0 {
		f.Lines[e.Type] += e.Lines
	}
	if e.Currency != "" {
		f.Sums[Sum{e.Type, e.Currency, e.Month}] += e.Total
		f.LineSums[Sum{e.Type, e.Currency, e.Month}] += e.LineSum
	}
	if e.Customer == "" {
		f.Anonymous[e.Type]++
	} else {
		f.Customers[e.Customer]++
		f.spend(e)
	}
	if e.State != "" {
		f.States[e.State]++
	}
}

func (f *Figures) spend(e Fact) {
	switch {
	case e.Currency == "":
	case e.Type == "return":
		f.Spend[Spent{e.Customer, e.Currency}] -= e.Total
	default:
		f.Spend[Spent{e.Customer, e.Currency}] += e.Total
	}
}

// thousandths reads a decimal number of at most three decimals digit by digit; a number in scientific notation below a thousandth is 0.
func thousandths(s string) (int64, error) {
	if i := strings.Index(s, "e-"); i > 0 {
		return 0, nil
	}
	negative := strings.HasPrefix(s, "-")
	whole, part, _ := strings.Cut(strings.TrimPrefix(s, "-"), ".")
	if len(part) > 3 || whole == "" {
		return 0, errors.New("a number has another form than expected")
	}
	n := int64(0)
	for _, c := range whole + (part + "000")[:3] {
		if c < '0' || c > '9' {
			return 0, errors.New("a number has another form than expected")
		}
		n = n*10 + int64(c-'0')
	}
	if negative {
		n = -n
	}
	return n, nil
}

// cents rounds thousandths half away from zero.
func cents(mills int64) int64 {
	if mills < 0 {
		return -cents(-mills)
	}
	return (mills + 5) / 10
}
