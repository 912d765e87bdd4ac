package demo

// Truth is what a base comes out as, however its lines are sent.
type Truth struct {
	Lines     int               `json:"lines"`
	Events    map[string]int    `json:"events"` // without repetitions, by type
	Customers int               `json:"customers"`
	Decisions int               `json:"decisions"`
	Sums      map[string]int64  `json:"sums"`    // minor units by type and currency, as sale/EUR
	Samples   map[string]Sample `json:"samples"` // some customers, by their number
}

// Sample is what one customer bought.
type Sample struct {
	Tickets int              `json:"tickets"` // and orders
	Bought  map[string]int64 `json:"bought"`  // minor units by currency
	Back    map[string]int64 `json:"back"`    // of returns
}

// samples is the number of customers that are followed.
const samples = 50

// Distinct is the number of events without repetitions.
func (t Truth) Distinct() int {
	n := 0
	for _, k := range t.Events {
		n += k
	}
	return n
}

// bought counts a purchase or return of a customer.
func (t *Truth) bought(p person, customers int, typ string, total money) {
	t.Sums[typ+"/"+total.Currency] += total.Amount
	if every := max(1, customers/samples); p.n%every != every/3 {
		return
	}
	s := t.Samples[p.account]
	if s.Bought == nil {
		s.Bought, s.Back = map[string]int64{}, map[string]int64{}
	}
	if typ == "return" {
		s.Back[total.Currency] += total.Amount
	} else {
		s.Tickets++
		s.Bought[total.Currency] += total.Amount
	}
	t.Samples[p.account] = s
}
