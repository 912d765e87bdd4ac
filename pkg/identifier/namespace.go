package identifier

import "slices"

// Namespace names a kind of identifier.
type Namespace string

// The namespaces of the product. Their order is part of what is stored: it never changes for the life of a store.
const (
	Customer Namespace = "customer" // customer number, account
	Card     Namespace = "card"     // loyalty card
	Email    Namespace = "email"
	Phone    Namespace = "phone"
	Pay      Namespace = "pay"    // payment token
	Device   Namespace = "device" // app install
	Cookie   Namespace = "cookie"

	CompanyCard   Namespace = "company_card"
	HouseholdCard Namespace = "household_card"
	StaffDiscount Namespace = "staff_discount"
	Landline      Namespace = "landline" // family landline

	Order  Namespace = "order"
	Ticket Namespace = "ticket"
	Case   Namespace = "case"
	Basket Namespace = "basket"
	Call   Namespace = "call"
)

// Kind says what a namespace may do.
type Kind uint8

// Kinds of namespace.
const (
	KindUnknown   Kind = iota
	KindPerson         // joins people
	KindDevice         // joins people, under consent
	KindShared         // never joins, never an owner; kept for display
	KindReference      // belongs to one person, joins nobody
)

type namespace struct {
	name Namespace
	kind Kind
	rank int
}

var namespaces = []namespace{
	{Customer, KindPerson, 0},
	{Card, KindPerson, 1},
	{Email, KindPerson, 2},
	{Phone, KindPerson, 3},
	{Pay, KindPerson, 4},
	{Device, KindDevice, 5},
	{Cookie, KindDevice, 6},
	{CompanyCard, KindShared, 7},
	{HouseholdCard, KindShared, 7},
	{StaffDiscount, KindShared, 8},
	{Landline, KindShared, 8},
	{Order, KindReference, 9},
	{Ticket, KindReference, 10},
	{Case, KindReference, 11},
	{Basket, KindReference, 12},
	{Call, KindReference, 13},
}

func lookup(n Namespace) (namespace, bool) {
	i := slices.IndexFunc(namespaces, func(x namespace) bool { return x.name == n })
	if i < 0 {
		return namespace{}, false
	}
	return namespaces[i], true
}

// Known reports whether n is a namespace of the product.
func (n Namespace) Known() bool { _, ok := lookup(n); return ok }

// Kind returns what n may do; KindUnknown for a namespace that is not of the product.
func (n Namespace) Kind() Kind { x, _ := lookup(n); return x.kind }

// Rank is the place of n in the namespace order (0 is best); unknown namespaces come last.
func (n Namespace) Rank() int {
	if x, ok := lookup(n); ok {
		return x.rank
	}
	return 255
}

// Links reports whether identifiers of n may join people.
func (n Namespace) Links() bool { k := n.Kind(); return k == KindPerson || k == KindDevice }

// Namespaces lists the namespaces of the product, best first.
func Namespaces() []Namespace {
	out := make([]Namespace, len(namespaces))
	for i, x := range namespaces {
		out[i] = x.name
	}
	return out
}
