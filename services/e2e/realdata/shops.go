package realdata

import (
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"sort"
	"strconv"
	"strings"
)

// CompleteJourney computes the figures of the supermarket tickets: a ticket is a basket, its month that of the local time written in the file.
func CompleteJourney(transactions string) (Figures, error) {
	f := NewFigures()
	baskets := map[string]*Fact{}
	err := Table(transactions, func(get func(string) string) error {
		f.Rows++
		m, err := thousandths(get("sales_value"))
		if err != nil {
			return err
		}
		b := baskets[get("basket_id")]
		if b == nil {
			b = &Fact{Type: "sale", Currency: "USD", Month: get("transaction_timestamp")[:7], Customer: get("household_id")}
			baskets[get("basket_id")] = b
		}
		b.Total += cents(m)
		b.LineSum += cents(m)
		b.Lines++
		return nil
	})
	for _, b := range baskets {
		f.Add(*b)
	}
	return f, err
}

// invoice gathers the lines of one UCI invoice.
type invoice struct {
	Fact
	first  string
	priced bool
}

// uciRow is a row with all its fields, to tell full duplicates.
func uciRow(get func(string) string) string {
	var whole strings.Builder
	for _, c := range []string{"InvoiceNo", "StockCode", "Description", "Quantity", "InvoiceDate", "UnitPrice", "CustomerID", "Country"} {
		whole.WriteString(strconv.Quote(get(c)))
	}
	return whole.String()
}

// UCI computes the figures of the web shop's invoices.
func UCI(lines string) (Figures, error) {
	f := NewFigures()
	seen, invoices := map[string]bool{}, map[string]*invoice{}
	err := Table(lines, func(get func(string) string) error {
		f.Rows++
		no := get("InvoiceNo")
		back := no[0] == 'C'
		quantity, err := strconv.ParseInt(get("Quantity"), 10, 64)
		if err != nil {
			return errors.New("a quantity has another form than expected")
		}
		if !back && quantity < 0 {
			f.Skipped++
			return nil
		}
		whole := uciRow(get)
		if seen[whole] {
			f.Duplicates++
			return nil
		}
		seen[whole] = true
		price, err := thousandths(get("UnitPrice"))
		if err != nil {
			return err
		}
		v := invoices[no]
		if v == nil {
			v = &invoice{Fact: Fact{Type: "order.placed", Currency: "GBP"}, first: get("InvoiceDate")}
			if get("CustomerID") != `\N` {
				v.Customer = get("CustomerID")
			}
			invoices[no] = v
		}
		amount := cents(price * quantity)
		if back {
			v.Type, amount = "return", -amount
		}
		v.first = min(v.first, get("InvoiceDate"))
		v.priced = v.priced || price != 0
		v.Total += amount
		v.LineSum += amount
		v.Lines++
		return nil
	})
	for _, v := range invoices {
		if v.Customer == "" && !v.priced {
			f.Skipped += v.Lines
			continue
		}
		v.Month = v.first[:7]
		f.Add(v.Fact)
	}
	return f, err
}

// objects reads a JSON object of objects.
func objects(path string, into any) error {
	file, err := os.Open(path) //nolint:gosec // a file of the data folder
	if err != nil {
		return fmt.Errorf("opening data: %w", err)
	}
	defer func() { _ = file.Close() }() // only read
	z, err := gzip.NewReader(file)
	if err != nil {
		return fmt.Errorf("unpacking data: %w", err)
	}
	if err := json.NewDecoder(z).Decode(into); err != nil {
		return fmt.Errorf("decoding data: %w", err)
	}
	return nil
}

// TauUser is one customer of tau-bench.
type TauUser struct {
	ID, Email, Zip string
	Given, Family  string
}

// TauUsers reads the customers, sorted by number.
func TauUsers(path string) ([]TauUser, error) {
	var raw map[string]struct {
		Name struct {
			First string `json:"first_name"`
			Last  string `json:"last_name"`
		}
		Email   string
		Address struct{ Zip string }
	}
	if err := objects(path, &raw); err != nil {
		return nil, err
	}
	out := make([]TauUser, 0, len(raw))
	for id, u := range raw {
		out = append(out, TauUser{ID: id, Email: u.Email, Zip: u.Address.Zip, Given: u.Name.First, Family: u.Name.Last})
	}
	sort.Slice(out, func(i, j int) bool { return out[i].ID < out[j].ID })
	return out, nil
}

// TauBenchUsers computes the figures of the customer base.
func TauBenchUsers(path string) (Figures, error) {
	f := NewFigures()
	users, err := TauUsers(path)
	for _, u := range users {
		f.Rows++
		f.Add(Fact{Type: "customer.recorded", Customer: u.ID})
	}
	return f, err
}

// TauBenchOrders computes the figures of the orders, all placed in the month given (the file has no dates).
func TauBenchOrders(path, month string) (Figures, error) {
	f := NewFigures()
	var raw map[string]struct {
		User   string `json:"user_id"`
		Status string
		Items  []struct{ Price json.Number }
	}
	if err := objects(path, &raw); err != nil {
		return f, err
	}
	states := map[string]string{"processed": "preparing", "delivered": "delivered", "cancelled": "cancelled"}
	for _, o := range raw {
		f.Rows++
		e := Fact{Type: "order.placed", Currency: "USD", Month: month, Customer: o.User, Lines: len(o.Items)}
		for _, it := range o.Items {
			m, err := thousandths(it.Price.String())
			if err != nil {
				return f, err
			}
			e.Total += cents(m)
		}
		e.LineSum = e.Total
		f.Add(e)
		if state := states[o.Status]; state != "" {
			f.Add(Fact{Type: "order.state_changed", State: state})
		}
	}
	return f, nil
}
