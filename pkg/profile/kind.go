package profile

import "slices"

// Types of events, as in the envelope.
const (
	TypeSale         = "sale"
	TypeReturn       = "return"
	TypeOrderPlaced  = "order.placed"
	TypeOrderState   = "order.state_changed"
	TypeBasket       = "basket.updated"
	TypeCaseOpened   = "case.opened"
	TypeCaseClosed   = "case.closed"
	TypeCall         = "call.ended"
	TypePage         = "page.viewed"
	TypeProduct      = "product.viewed"
	TypeScreen       = "screen.viewed"
	TypeAppOpened    = "app.opened"
	TypeEnrolled     = "loyalty.enrolled"
	TypeCardReplaced = "loyalty.card_replaced"
	TypeLoggedIn     = "account.logged_in"
	TypeProvided     = "identifier.provided"
	TypeRecorded     = "customer.recorded"
	TypeRetracted    = "event.retracted"
)

// typeCodes gives every type its number in packed states: only ever append, 30 at most. 0 is a type that is not in the table.
var typeCodes = []string{
	"", TypeSale, TypeReturn, TypeOrderPlaced, TypeOrderState, TypeBasket, TypeCaseOpened, TypeCaseClosed, TypeCall, TypePage,
	TypeProduct, TypeScreen, TypeAppOpened, TypeEnrolled, TypeCardReplaced, TypeLoggedIn, TypeProvided, TypeRecorded, TypeRetracted,
}

func typeCode(t string) byte { return byte(max(0, slices.Index(typeCodes, t))) } //nolint:gosec // the table is short

// isMoney reports whether events of type t move money: those are remembered longest.
func isMoney(t string) bool { return t == TypeSale || t == TypeReturn || t == TypeOrderPlaced }
