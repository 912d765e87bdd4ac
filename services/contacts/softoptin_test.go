package contacts_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"rcu/pkg/consent"
	"rcu/pkg/identifier"
)

func offering(id, value, family string) fields {
	f := mail(id, value)
	if family != "" {
		f["family"] = family
	}
	return f
}

// A sale of the same controller stands for a consent to offers of its family, at both steps, until the person objects.
func TestSoftOptIn(t *testing.T) {
	r := newRig(t, nil)
	email, other := r.key(identifier.Email, marie), r.key(identifier.Email, "other@example.org")
	r.together(email, other, r.key(identifier.Customer, "4711"))
	require.Equal(t, "no_permission", r.ask("reserve", offering("m1", marie, "shoes")).Reason, "nothing sold")
	r.decide(other, consent.SaleOffer("shoes"), "", consent.Grant)
	require.Equal(t, "no_permission", r.ask("reserve", offering("m1", marie, "shoes")).Reason, "another address was given")
	r.decide(email, consent.SaleOffer("shoes"), "", consent.Grant)
	require.Equal(t, "no_permission", r.ask("reserve", offering("m1", marie, "coats")).Reason)
	require.Equal(t, "no_permission", r.ask("reserve", offering("m1", marie, "")).Reason, "of no family")
	survey := offering("m1", marie, "shoes")
	survey["purpose"] = "survey"
	require.Equal(t, "no_permission", r.ask("reserve", survey).Reason, "offers alone")
	also := offering("m1", marie, "shoes")
	also["also"] = []fields{{"purpose": "profiling"}}
	require.Equal(t, "no_permission", r.ask("reserve", also).Reason, "not by a profile")
	a := r.ask("reserve", offering("m1", marie, "shoes"))
	require.True(t, a.Allowed)
	require.Len(t, a.Proof, 1)
	require.Equal(t, "soft_optin", a.Proof[0].Basis)
	steps := r.steps()
	require.Equal(t, "shoes", steps[len(steps)-1].GetFamily(), "the standing control asks for it")
	r.decide(email, consent.Marketing, "email", consent.Object, r.now)
	require.Equal(t, "no_permission", r.ask("confirm", offering("m1", marie, "shoes")).Reason, "objected between the steps")
	require.Equal(t, "no_permission", r.ask("reserve", offering("m2", marie, "shoes")).Reason)
}

// A sale ends with inactivity, as grants of offers do, and an overlay on another point of the person masks it.
func TestSoftOptIn_ends(t *testing.T) {
	r := newRig(t, nil)
	email, other := r.key(identifier.Email, marie), r.key(identifier.Email, "other@example.org")
	r.together(email, other, r.key(identifier.Customer, "4711"))
	r.decide(email, consent.SaleOffer("shoes"), "", consent.Grant, r.now.AddDate(-3, 0, 1))
	require.True(t, r.ask("reserve", offering("m1", marie, "shoes")).Allowed)
	require.Equal(t, "released", r.ask("release", offering("m1", marie, "shoes")).State)
	r.now = r.now.AddDate(0, 0, 1)
	require.Equal(t, "no_permission", r.ask("reserve", offering("m2", marie, "shoes")).Reason, "three years without an act")
	r.decide(email, consent.SaleOffer("shoes"), "", consent.Grant)
	require.True(t, r.ask("reserve", offering("m3", marie, "shoes")).Allowed, "bought again")
	r.decide(other, consent.Deceased.Purpose(), "", consent.Object)
	require.Equal(t, "no_permission", r.ask("confirm", offering("m3", marie, "shoes")).Reason)
}

// Between the two steps the sale is taken back: nothing is sent.
func TestSoftOptIn_takenBack(t *testing.T) {
	r := newRig(t, nil)
	email := r.key(identifier.Email, marie)
	r.decide(email, consent.SaleOffer("shoes"), "", consent.Grant)
	a := r.ask("reserve", offering("m1", marie, "shoes"))
	require.True(t, a.Allowed)
	r.retract(email, a.Proof[0].Decision)
	require.Equal(t, "no_permission", r.ask("confirm", offering("m1", marie, "shoes")).Reason)
	require.Equal(t, "no_permission", r.ask("reserve", offering("m2", marie, "shoes")).Reason)
}

// A seller's own message needs a consent to it; that to offers may be a sale.
func TestSoftOptIn_ofASeller(t *testing.T) {
	r := newRig(t, nil)
	k := r.key(identifier.Phone, phone)
	f := fields{"id": "x", "point": fields{"namespace": "phone", "value": phone}, "channel": "sms", "purpose": "clienteling_contact", "family": "shoes"}
	r.decide(k, consent.SaleOffer("shoes"), "", consent.Grant)
	require.Equal(t, "no_permission", r.ask("reserve", f).Reason)
	r.decide(k, consent.ClientelingContact, "sms", consent.Grant)
	a := r.ask("reserve", f)
	require.True(t, a.Allowed)
	require.Equal(t, []string{"", "soft_optin"}, []string{a.Proof[0].Basis, a.Proof[1].Basis})
}
