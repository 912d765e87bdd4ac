package warehouse

import (
	"cmp"
	"slices"

	"github.com/ClickHouse/ch-go/proto"
)

// Fact is what the rows of one event share, whichever table they stand in. Times are microseconds since 1970, UTC.
type Fact struct {
	Controller, Space     string
	Source, EventID       string
	Leaf                  [16]byte // zeros: folded nowhere
	RCUID                 string   // owner at write; empty: nobody
	Version               uint64
	Type                  string
	Channel, Store, Brand string
	OccurredAt            int64
	BusinessDate          uint16 // days since 1970 in the zone of the source
	Month                 uint32 // yyyymm in the zone of the source
	ReceivedAt            int64
}

type factColumns struct {
	controller, space, source, typ, channel, store, brand lowCol
	leaf                                                  *proto.ColUUID
	eventID, rcuID                                        *proto.ColStr
	version                                               *proto.ColUInt64
	occurredAt, receivedAt                                timeCol
	businessDate                                          *proto.ColDate
	month                                                 *proto.ColUInt32
}

func (b *block) fact() factColumns {
	return factColumns{
		controller: b.low("controller"), space: b.low("space"), source: b.low("source"), eventID: b.text("event_id"),
		leaf: b.uuid("leaf"), rcuID: b.text("rcu_id"), version: b.uint64("version"), typ: b.low("type"),
		channel: b.low("channel"), store: b.low("store"), brand: b.low("brand"), occurredAt: b.time("occurred_at"),
		businessDate: b.date("business_date"), month: b.uint32("month"), receivedAt: b.time("received_at"),
	}
}

func (c *factColumns) append(f *Fact) {
	c.controller.Append(f.Controller)
	c.space.Append(f.Space)
	c.source.Append(f.Source)
	c.eventID.Append(f.EventID)
	c.leaf.Append(keyUUID(f.Leaf))
	c.rcuID.Append(f.RCUID)
	c.version.Append(f.Version)
	c.typ.Append(f.Type)
	c.channel.Append(f.Channel)
	c.store.Append(f.Store)
	c.brand.Append(f.Brand)
	c.occurredAt.AppendRaw(instant(f.OccurredAt))
	*c.businessDate = append(*c.businessDate, proto.Date(f.BusinessDate))
	c.month.Append(f.Month)
	c.receivedAt.AppendRaw(instant(f.ReceivedAt))
}

// EventRow is one row of `events`.
type EventRow struct {
	Fact
	Country     string
	Permissions uint64
	Behaviour   bool
	References  []string // namespace:pseudonym
	SKU         string
	Category    string
	Path        string
	Kind        string
	State       string
	Amount      int64
	Currency    string
	Traits      map[string]string
	RetractedID string
}

// Events is a block of `events`.
type Events struct {
	block
	fact                                          factColumns
	country, sku, category, kind, state, currency lowCol
	permissions                                   *proto.ColUInt64
	behaviour                                     *proto.ColUInt8
	references                                    stringsCol
	path, retractedID                             *proto.ColStr
	amount                                        *proto.ColInt64
	traits                                        *proto.ColMap[string, string]
	pairs                                         []proto.KV[string, string]
}

// NewEvents makes an empty block.
func NewEvents() *Events {
	e := &Events{block: block{table: "events"}}
	b := &e.block
	e.fact = b.fact()
	e.country, e.sku, e.category = b.low("country"), b.low("sku"), b.low("category")
	e.kind, e.state, e.currency = b.low("kind"), b.low("state"), b.low("currency")
	e.permissions, e.behaviour, e.references = b.uint64("permissions"), b.uint8("behaviour"), b.texts("references")
	e.path, e.retractedID, e.amount = b.text("path"), b.text("retracted_id"), b.int64("amount")
	e.traits = column(b, "traits", proto.NewMap[string, string](new(proto.ColStr).LowCardinality(), new(proto.ColStr)))
	return e
}

// Append adds a row.
func (e *Events) Append(r *EventRow) {
	e.fact.append(&r.Fact)
	e.country.Append(r.Country)
	e.permissions.Append(r.Permissions)
	e.behaviour.Append(bit(r.Behaviour))
	e.references.Append(r.References)
	e.sku.Append(r.SKU)
	e.category.Append(r.Category)
	e.path.Append(r.Path)
	e.kind.Append(r.Kind)
	e.state.Append(r.State)
	e.amount.Append(r.Amount)
	e.currency.Append(r.Currency)
	e.pairs = appendMap(e.pairs[:0], r.Traits)
	e.traits.AppendKV(e.pairs)
	e.retractedID.Append(r.RetractedID)
	e.rows++
}

// appendMap lists a map by key, so that equal rows are equal to the byte.
func appendMap[V any](dst []proto.KV[string, V], m map[string]V) []proto.KV[string, V] {
	for k, v := range m {
		dst = append(dst, proto.KV[string, V]{Key: k, Value: v})
	}
	slices.SortFunc(dst, func(a, b proto.KV[string, V]) int { return cmp.Compare(a.Key, b.Key) })
	return dst
}

// RetractionRow is one row of `retractions`: an event that was taken back.
type RetractionRow struct {
	Controller, Source         string
	RetractedID, RetractedType string
	OccurredAt, ReceivedAt     int64
}

// Retractions is a block of `retractions`.
type Retractions struct {
	block
	controller, source, typ lowCol
	id                      *proto.ColStr
	occurredAt, receivedAt  timeCol
}

// NewRetractions makes an empty block.
func NewRetractions() *Retractions {
	r := &Retractions{block: block{table: "retractions"}}
	b := &r.block
	r.controller, r.source, r.id, r.typ = b.low("controller"), b.low("source"), b.text("retracted_id"), b.low("retracted_type")
	r.occurredAt, r.receivedAt = b.time("occurred_at"), b.time("received_at")
	return r
}

// Append adds a row.
func (r *Retractions) Append(x *RetractionRow) {
	r.controller.Append(x.Controller)
	r.source.Append(x.Source)
	r.id.Append(x.RetractedID)
	r.typ.Append(x.RetractedType)
	r.occurredAt.AppendRaw(instant(x.OccurredAt))
	r.receivedAt.AppendRaw(instant(x.ReceivedAt))
	r.rows++
}
