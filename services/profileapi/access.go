package profileapi

import (
	"rcu/pkg/auth"
	"rcu/pkg/consent"
)

// clarity is how much of a personal value is sent.
type clarity uint8

const (
	hidden clarity = iota
	masked         // enough to recognise, not enough to use
	plain
)

// access is what a role may see. What it may not see is not sent.
type access struct {
	Name        clarity `json:"name"`
	Contact     clarity `json:"contact"`  // e-mail, phone
	Number      clarity `json:"number"`   // card, customer number, order numbers
	Address     bool    `json:"address"`  // address line; postal code and city with it
	Birth       bool    `json:"birth"`    // birth date
	Orders      bool    `json:"orders"`   // all
	Collect     bool    `json:"collect"`  // orders that wait to be collected: for roles without orders, in their own store
	Spend       bool    `json:"spend"`    // sums and balances
	Baskets     bool    `json:"baskets"`  // open baskets
	Cases       bool    `json:"cases"`    // cases and calls
	Activity    bool    `json:"activity"` // last contact per channel, counters, timeline
	Browsing    bool    `json:"browsing"` // under a purpose and a grant that allow it
	Identifiers bool    `json:"identifiers"`
	Explain     bool    `json:"explain"`
}

// accessOf is the table of roles; testdata/access.golden shows it.
func accessOf(r auth.Role) access {
	switch r {
	case auth.RoleSeller:
		return access{Name: plain, Contact: masked, Number: plain, Orders: true, Collect: true, Baskets: true, Cases: true, Activity: true, Browsing: true}
	case auth.RolePickup:
		return access{Name: plain, Contact: masked, Number: plain, Collect: true}
	case auth.RoleManager:
		return access{
			Name: plain, Contact: masked, Number: plain, Orders: true, Collect: true, Spend: true, Baskets: true, Cases: true, Activity: true,
			Browsing: true,
		}
	case auth.RoleAdviser:
		return access{
			Name: plain, Contact: plain, Number: plain, Address: true, Orders: true, Collect: true, Spend: true, Baskets: true, Cases: true,
			Activity: true, Identifiers: true, Explain: true,
		}
	case auth.RoleService, auth.RolePrivacy:
		return access{
			Name: plain, Contact: plain, Number: plain, Address: true, Birth: true, Orders: true, Collect: true, Spend: true, Baskets: true,
			Cases: true, Activity: true, Browsing: true, Identifiers: true, Explain: true,
		}
	case auth.RoleSteward:
		return access{Name: masked, Contact: masked, Number: masked, Activity: true, Identifiers: true, Explain: true}
	case auth.RoleOperator:
		return access{Activity: true, Identifiers: true, Explain: true}
	}
	return access{}
}

// showsBrowsing reports whether a purpose is about browsing at all. Whether the customer agreed is asked per device.
func showsBrowsing(p consent.Purpose) bool {
	switch p {
	case consent.UnifyBehaviour, consent.Personalise, consent.StoreViewWeb, consent.Profiling:
		return true
	default:
		return false
	}
}
