package sink

import (
	"encoding/hex"

	"rcu/pkg/warehouse"
	eventpb "rcu/schemas/event"
)

// tables are the rows that are inserted together.
type tables struct {
	stores      *warehouse.Stores
	products    *warehouse.Products
	events      *warehouse.Events
	orders      *warehouse.Orders
	lines       *warehouse.OrderLines
	contacts    *warehouse.Contacts
	retractions *warehouse.Retractions
	owners      *warehouse.Owners
	identifiers *warehouse.ProfileIdentifiers
	profiles    *warehouse.Profiles
	consents    *warehouse.Consents
	steps       *warehouse.ContactSteps
	changes     *warehouse.IdentityChanges

	// seen are the stores and products that are known to be there already.
	seen map[string]struct{}
	zone *zones
	m    *metrics
}

func newTables(z *zones, m *metrics) *tables {
	return &tables{
		stores: warehouse.NewStores(), products: warehouse.NewProducts(), events: warehouse.NewEvents(), orders: warehouse.NewOrders(),
		lines: warehouse.NewOrderLines(), contacts: warehouse.NewContacts(), retractions: warehouse.NewRetractions(), owners: warehouse.NewOwners(),
		identifiers: warehouse.NewProfileIdentifiers(), profiles: warehouse.NewProfiles(), consents: warehouse.NewConsents(),
		steps: warehouse.NewContactSteps(), changes: warehouse.NewIdentityChanges(), seen: map[string]struct{}{}, zone: z, m: m,
	}
}

// blocks lists the blocks in the order of insertion: identifiers stand before the profiles that they belong to.
func (t *tables) blocks() []warehouse.Block {
	return []warehouse.Block{
		t.retractions, t.events, t.orders, t.lines, t.contacts, t.owners, t.identifiers, t.profiles, t.consents, t.steps, t.changes, t.stores, t.products,
	}
}

func (t *tables) reset() {
	for _, b := range t.blocks() {
		b.Reset()
	}
}

// maxSeen bounds the memory of stores and products; beyond it they are written again.
const maxSeen = 100_000

// first reports whether a store or product has not been written since the start, and remembers it.
func (t *tables) first(kind, controller, name, detail string) bool {
	if name == "" {
		return false
	}
	key := kind + "\x00" + controller + "\x00" + name + "\x00" + detail
	if _, ok := t.seen[key]; ok {
		return false
	}
	if len(t.seen) >= maxSeen {
		clear(t.seen)
	}
	t.seen[key] = struct{}{}
	return true
}

func channelName(c eventpb.Channel) string {
	switch c {
	case eventpb.Channel_CHANNEL_STORE:
		return "store"
	case eventpb.Channel_CHANNEL_WEB:
		return "web"
	case eventpb.Channel_CHANNEL_MOBILE:
		return "mobile"
	case eventpb.Channel_CHANNEL_CALLCENTRE:
		return "callcentre"
	case eventpb.Channel_CHANNEL_UNSPECIFIED:
	}
	return ""
}

// pseudonym writes the pseudonym of an identifier as a column holds it.
func pseudonym(id *eventpb.Identifier) string { return hex.EncodeToString(id.GetPseudonym()) }

// hexKey writes a key of bytes as a column holds it.
func hexKey(key []byte) string { return hex.EncodeToString(key) }

// named writes an identifier with its namespace.
func named(id *eventpb.Identifier) string { return id.GetNamespace() + ":" + pseudonym(id) }
