package compose

import (
	"cmp"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"rcu/services/e2e/realdata"
)

// variant is one record about a person, as some clerk wrote it.
type variant struct {
	given, family, birth, street, postal, city, email string
}

// entity is one person with all records about him.
type entity struct {
	set, id  string
	variants []variant
	customer string // a number of the file itself
	orders   []tauOrder
}

func (e entity) person() string { return e.set + ":" + e.id }

type tauOrder struct {
	id, status string
	items      []item
}

type item struct {
	sku, name string
	price     json.Number
}

// rows reads a CSV file with its header, without spaces around values.
func rows(path string, each func(get func(string) string) error) error {
	return realdata.Table(path, func(get func(string) string) error { //nolint:wrapcheck // says all
		return each(func(name string) string { return strings.TrimSpace(get(name)) })
	})
}

// gather groups records by entity; the order is that of the ids, not of the file.
type gather map[string]*entity

func (g gather) add(set, id string, v variant) {
	e := g[id]
	if e == nil {
		e = &entity{set: set, id: id}
		g[id] = e
	}
	e.variants = append(e.variants, v)
}

func (g gather) list() []entity {
	out := make([]entity, 0, len(g))
	for _, e := range g {
		slices.SortFunc(e.variants, func(a, b variant) int {
			return cmp.Or(cmp.Compare(a.given, b.given), cmp.Compare(a.family, b.family), cmp.Compare(a.birth, b.birth), cmp.Compare(a.street, b.street), cmp.Compare(a.email, b.email))
		})
		out = append(out, *e)
	}
	slices.SortFunc(out, func(a, b entity) int { return cmp.Compare(a.id, b.id) })
	return out
}

// febrl reads FEBRL files: the person is the number in rec_id.
func febrl(set string, paths ...string) ([]entity, error) {
	g := gather{}
	for _, p := range paths {
		err := rows(p, func(get func(string) string) error {
			parts := strings.Split(get("rec_id"), "-")
			if len(parts) < 2 {
				return errors.New("a rec_id has another form than expected")
			}
			g.add(set, parts[1], variant{
				given: get("given_name"), family: get("surname"), birth: compactDate(get("date_of_birth")),
				street: strings.TrimSpace(get("street_number") + " " + get("address_1")), postal: get("postcode"), city: get("suburb"),
			})
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return g.list(), nil
}

// compactDate turns 19651013 into 1965-10-13; what is no date becomes nothing.
func compactDate(s string) string {
	if len(s) != 8 {
		return ""
	}
	return checkedDate(s[:4], s[4:6], s[6:])
}

func checkedDate(y, m, d string) string {
	out := y + "-" + pad(m) + "-" + pad(d)
	if _, err := parseDay(out); err != nil {
		return ""
	}
	return out
}

func pad(s string) string {
	if len(s) == 1 {
		return "0" + s
	}
	return s
}

func fake1000(path string) ([]entity, error) {
	g := gather{}
	err := rows(path, func(get func(string) string) error {
		dob := get("dob")
		if _, err := parseDay(dob); err != nil {
			dob = ""
		}
		g.add("fake", get("cluster"), variant{given: get("first_name"), family: get("surname"), birth: dob, city: get("city"), email: get("email")})
		return nil
	})
	return g.list(), err
}

func rl500(path string) ([]entity, error) {
	g := gather{}
	err := rows(path, func(get func(string) string) error {
		g.add("rl500", get("ent_id"), variant{
			given: strings.TrimSpace(get("fname_c1") + " " + get("fname_c2")), family: strings.TrimSpace(get("lname_c1") + " " + get("lname_c2")),
			birth: checkedDate(get("by"), get("bm"), get("bd")),
		})
		return nil
	})
	return g.list(), err
}

func unpack(path string, into any) error {
	f, err := os.Open(path) //nolint:gosec // a file of the data folder
	if err != nil {
		return fmt.Errorf("opening data: %w", err)
	}
	defer func() { _ = f.Close() }() // only read
	z, err := gzip.NewReader(f)
	if err != nil {
		return fmt.Errorf("unpacking data: %w", err)
	}
	dec := json.NewDecoder(z)
	dec.UseNumber()
	if err := dec.Decode(into); err != nil {
		return fmt.Errorf("decoding data: %w", err)
	}
	return nil
}

// tau reads tau-bench's customers with their orders.
func tau(dir string) ([]entity, error) {
	var users map[string]struct {
		Name struct {
			First string `json:"first_name"`
			Last  string `json:"last_name"`
		}
		Email   string
		Address struct{ Address1, City, Zip string }
	}
	var orders map[string]struct {
		User   string `json:"user_id"`
		Status string
		Items  []struct {
			Name  string
			Item  string `json:"item_id"`
			Price json.Number
		}
	}
	if err := unpack(filepath.Join(dir, "taubench_retail_users.json.gz"), &users); err != nil {
		return nil, err
	}
	if err := unpack(filepath.Join(dir, "taubench_retail_orders.json.gz"), &orders); err != nil {
		return nil, err
	}
	byUser := map[string][]tauOrder{}
	for id, o := range orders {
		t := tauOrder{id: id, status: o.Status}
		for _, it := range o.Items {
			t.items = append(t.items, item{it.Item, it.Name, it.Price})
		}
		byUser[o.User] = append(byUser[o.User], t)
	}
	out := make([]entity, 0, len(users))
	for id, u := range users {
		mine := byUser[id]
		slices.SortFunc(mine, func(a, b tauOrder) int { return cmp.Compare(a.id, b.id) })
		out = append(out, entity{
			set: "tau", id: id, customer: id, orders: mine,
			variants: []variant{{given: u.Name.First, family: u.Name.Last, street: u.Address.Address1, postal: u.Address.Zip, city: u.Address.City, email: u.Email}},
		})
	}
	slices.SortFunc(out, func(a, b entity) int { return cmp.Compare(a.id, b.id) })
	return out, nil
}
