package warehouse

import "github.com/ClickHouse/ch-go/proto"

// ProfileRow is one row of `profiles`.
type ProfileRow struct {
	Controller, Space, RCUID string
	Version                  uint64
	Gone                     bool
	FirstSeen, LastSeen      int64
	Traits                   map[string]string
	KnownTraits              []string
	Namespaces               []string // one entry per identifier
	Permissions              uint64
	PermissionEnds           []PermissionEnd
	SoftOptIns               []SoftOptIn
	Quarantined              bool
	OpenBaskets              int64
	Counters                 map[string]int64
	Spend                    []SpendCell
	Activity                 []ActivityCell
	Orders                   []OrderCell
	Cases                    []CaseCell
}

// PermissionEnd is a time, in seconds, at which permissions end by themselves.
type PermissionEnd struct {
	At          int64
	Permissions uint64
}

// SoftOptIn is a family of products that a sale permits to offer on a channel, until a time in seconds; 0 = until something happens.
type SoftOptIn struct {
	Channel, Family string
	Until           int64
}

// SpendCell is what was spent in one currency, month and channel.
type SpendCell struct {
	Currency, Channel       string
	Month                   uint32
	Sales, Returns, Tickets int64
}

// ActivityCell is what happened on one channel.
type ActivityCell struct {
	Channel, LastType, LastStore string
	Events, FirstAt, LastAt      int64
}

// OrderCell is one order as combined.
type OrderCell struct {
	Key, Channel, Store, CollectStore, State, Currency string
	PlacedAt, ChangedAt, Amount, Returned              int64
	OverReturned                                       bool
}

// CaseCell is one case as combined.
type CaseCell struct {
	Key, Kind, State   string
	OpenedAt, ClosedAt int64
}

// Profiles is a block of `profiles`.
type Profiles struct {
	block
	controller, space                    lowCol
	rcuID                                *proto.ColStr
	version, permissions                 *proto.ColUInt64
	endAt                                timesCol
	endPermissions                       *proto.ColArr[uint64]
	softChannel, softFamily              stringsCol
	softUntil                            timesCol
	gone, quarantined                    *proto.ColUInt8
	firstSeen, lastSeen                  timeCol
	traits                               *proto.ColMap[string, string]
	knownTraits, namespaces              stringsCol
	openBaskets                          *proto.ColInt64
	counters                             *proto.ColMap[string, int64]
	spendCurrency, spendChannel          stringsCol
	spendMonth                           *proto.ColArr[uint32]
	spendSales, spendReturns, spendCount intsCol
	actChannel, actType, actStore        stringsCol
	actEvents                            intsCol
	actFirst, actLast                    timesCol
	ordKey, ordChannel, ordStore         stringsCol
	ordCollect, ordState, ordCurrency    stringsCol
	ordPlaced, ordChanged                timesCol
	ordAmount, ordReturned               intsCol
	ordOver                              *proto.ColArr[uint8]
	caseKey, caseKind, caseState         stringsCol
	caseOpened, caseClosed               timesCol

	strs  []string
	nums  []int64
	small []uint32
	flags []uint8
	whens []proto.DateTime64
	masks []uint64
	pairs []proto.KV[string, string]
	sums  []proto.KV[string, int64]
}

// NewProfiles makes an empty block.
func NewProfiles() *Profiles {
	p := &Profiles{block: block{table: "profiles"}}
	b := &p.block
	p.controller, p.space, p.rcuID, p.version = b.low("controller"), b.low("space"), b.text("rcu_id"), b.uint64("version")
	p.gone, p.firstSeen, p.lastSeen = b.uint8("gone"), b.time("first_seen"), b.time("last_seen")
	p.traits = column(b, "traits", proto.NewMap[string, string](new(proto.ColStr).LowCardinality(), new(proto.ColStr)))
	p.knownTraits, p.namespaces = b.lows("known_traits"), b.lows("namespaces")
	p.permissions, p.quarantined, p.openBaskets = b.uint64("permissions"), b.uint8("quarantined"), b.int64("open_baskets")
	p.endAt = b.times("permission_ends.at")
	p.endPermissions = column(b, "permission_ends.mask", new(proto.ColUInt64).Array())
	p.softChannel, p.softFamily, p.softUntil = b.lows("soft_optins.channel"), b.lows("soft_optins.family"), b.times("soft_optins.until")
	p.counters = column(b, "counters", proto.NewMap[string, int64](new(proto.ColStr).LowCardinality(), new(proto.ColInt64)))
	p.spendCurrency, p.spendChannel = b.lows("spend.currency"), b.lows("spend.channel")
	p.spendMonth = column(b, "spend.month", new(proto.ColUInt32).Array())
	p.spendSales, p.spendReturns, p.spendCount = b.ints("spend.sales"), b.ints("spend.returns"), b.ints("spend.tickets")
	p.actChannel, p.actType, p.actStore = b.lows("activity.channel"), b.lows("activity.last_type"), b.lows("activity.last_store")
	p.actEvents, p.actFirst, p.actLast = b.ints("activity.events"), b.times("activity.first_at"), b.times("activity.last_at")
	p.ordKey, p.ordChannel, p.ordStore = b.texts("orders.key"), b.lows("orders.channel"), b.lows("orders.store")
	p.ordCollect, p.ordState, p.ordCurrency = b.lows("orders.collect_store"), b.lows("orders.state"), b.lows("orders.currency")
	p.ordPlaced, p.ordChanged = b.times("orders.placed_at"), b.times("orders.changed_at")
	p.ordAmount, p.ordReturned = b.ints("orders.amount"), b.ints("orders.returned")
	p.ordOver = column(b, "orders.over_returned", new(proto.ColUInt8).Array())
	p.caseKey, p.caseKind, p.caseState = b.texts("cases.key"), b.lows("cases.kind"), b.lows("cases.state")
	p.caseOpened, p.caseClosed = b.times("cases.opened_at"), b.times("cases.closed_at")
	return p
}

// Append adds a row.
func (p *Profiles) Append(r *ProfileRow) {
	p.controller.Append(r.Controller)
	p.space.Append(r.Space)
	p.rcuID.Append(r.RCUID)
	p.version.Append(r.Version)
	p.gone.Append(bit(r.Gone))
	p.firstSeen.AppendRaw(instant(r.FirstSeen))
	p.lastSeen.AppendRaw(instant(r.LastSeen))
	p.pairs = appendMap(p.pairs[:0], r.Traits)
	p.traits.AppendKV(p.pairs)
	p.knownTraits.Append(r.KnownTraits)
	p.namespaces.Append(r.Namespaces)
	p.permissions.Append(r.Permissions)
	list(p.endAt, &p.whens, r.PermissionEnds, func(e *PermissionEnd) proto.DateTime64 { return instant(e.At * 1e6) })
	list(p.endPermissions, &p.masks, r.PermissionEnds, func(e *PermissionEnd) uint64 { return e.Permissions })
	list(p.softChannel, &p.strs, r.SoftOptIns, func(x *SoftOptIn) string { return x.Channel })
	list(p.softFamily, &p.strs, r.SoftOptIns, func(x *SoftOptIn) string { return x.Family })
	list(p.softUntil, &p.whens, r.SoftOptIns, func(x *SoftOptIn) proto.DateTime64 { return instant(x.Until * 1e6) })
	p.quarantined.Append(bit(r.Quarantined))
	p.openBaskets.Append(r.OpenBaskets)
	p.sums = appendMap(p.sums[:0], r.Counters)
	p.counters.AppendKV(p.sums)
	p.appendSpend(r.Spend)
	p.appendActivity(r.Activity)
	p.appendOrders(r.Orders)
	p.appendCases(r.Cases)
	p.rows++
}

func (p *Profiles) appendSpend(cells []SpendCell) {
	list(p.spendCurrency, &p.strs, cells, func(c *SpendCell) string { return c.Currency })
	list(p.spendChannel, &p.strs, cells, func(c *SpendCell) string { return c.Channel })
	list(p.spendMonth, &p.small, cells, func(c *SpendCell) uint32 { return c.Month })
	list(p.spendSales, &p.nums, cells, func(c *SpendCell) int64 { return c.Sales })
	list(p.spendReturns, &p.nums, cells, func(c *SpendCell) int64 { return c.Returns })
	list(p.spendCount, &p.nums, cells, func(c *SpendCell) int64 { return c.Tickets })
}

func (p *Profiles) appendActivity(cells []ActivityCell) {
	list(p.actChannel, &p.strs, cells, func(c *ActivityCell) string { return c.Channel })
	list(p.actType, &p.strs, cells, func(c *ActivityCell) string { return c.LastType })
	list(p.actStore, &p.strs, cells, func(c *ActivityCell) string { return c.LastStore })
	list(p.actEvents, &p.nums, cells, func(c *ActivityCell) int64 { return c.Events })
	list(p.actFirst, &p.whens, cells, func(c *ActivityCell) proto.DateTime64 { return instant(c.FirstAt) })
	list(p.actLast, &p.whens, cells, func(c *ActivityCell) proto.DateTime64 { return instant(c.LastAt) })
}

func (p *Profiles) appendOrders(cells []OrderCell) {
	list(p.ordKey, &p.strs, cells, func(c *OrderCell) string { return c.Key })
	list(p.ordChannel, &p.strs, cells, func(c *OrderCell) string { return c.Channel })
	list(p.ordStore, &p.strs, cells, func(c *OrderCell) string { return c.Store })
	list(p.ordCollect, &p.strs, cells, func(c *OrderCell) string { return c.CollectStore })
	list(p.ordState, &p.strs, cells, func(c *OrderCell) string { return c.State })
	list(p.ordCurrency, &p.strs, cells, func(c *OrderCell) string { return c.Currency })
	list(p.ordPlaced, &p.whens, cells, func(c *OrderCell) proto.DateTime64 { return instant(c.PlacedAt) })
	list(p.ordChanged, &p.whens, cells, func(c *OrderCell) proto.DateTime64 { return instant(c.ChangedAt) })
	list(p.ordAmount, &p.nums, cells, func(c *OrderCell) int64 { return c.Amount })
	list(p.ordReturned, &p.nums, cells, func(c *OrderCell) int64 { return c.Returned })
	list(p.ordOver, &p.flags, cells, func(c *OrderCell) uint8 { return bit(c.OverReturned) })
}

func (p *Profiles) appendCases(cells []CaseCell) {
	list(p.caseKey, &p.strs, cells, func(c *CaseCell) string { return c.Key })
	list(p.caseKind, &p.strs, cells, func(c *CaseCell) string { return c.Kind })
	list(p.caseState, &p.strs, cells, func(c *CaseCell) string { return c.State })
	list(p.caseOpened, &p.whens, cells, func(c *CaseCell) proto.DateTime64 { return instant(c.OpenedAt) })
	list(p.caseClosed, &p.whens, cells, func(c *CaseCell) proto.DateTime64 { return instant(c.ClosedAt) })
}

// list appends one field of all cells as one list of the column.
func list[T, C any](col *proto.ColArr[T], scratch *[]T, cells []C, field func(*C) T) {
	*scratch = (*scratch)[:0]
	for i := range cells {
		*scratch = append(*scratch, field(&cells[i]))
	}
	col.Append(*scratch)
}

// ProfileIdentifierRow is one row of `profile_identifiers`.
type ProfileIdentifierRow struct {
	Controller, Space, RCUID string
	Namespace, Pseudonym     string
	Version                  uint64
	Proved                   bool
}

// ProfileIdentifiers is a block of `profile_identifiers`. Insert it before the profiles it belongs to: a reader then never sees
// a profile without its identifiers.
type ProfileIdentifiers struct {
	block
	controller, space, namespace lowCol
	rcuID, pseudonym             *proto.ColStr
	version                      *proto.ColUInt64
	proved                       *proto.ColUInt8
}

// NewProfileIdentifiers makes an empty block.
func NewProfileIdentifiers() *ProfileIdentifiers {
	p := &ProfileIdentifiers{block: block{table: "profile_identifiers"}}
	b := &p.block
	p.controller, p.space, p.namespace = b.low("controller"), b.low("space"), b.low("namespace")
	p.rcuID, p.pseudonym, p.version, p.proved = b.text("rcu_id"), b.text("pseudonym"), b.uint64("version"), b.uint8("proved")
	return p
}

// Append adds a row.
func (p *ProfileIdentifiers) Append(r *ProfileIdentifierRow) {
	p.controller.Append(r.Controller)
	p.space.Append(r.Space)
	p.namespace.Append(r.Namespace)
	p.rcuID.Append(r.RCUID)
	p.pseudonym.Append(r.Pseudonym)
	p.version.Append(r.Version)
	p.proved.Append(bit(r.Proved))
	p.rows++
}
