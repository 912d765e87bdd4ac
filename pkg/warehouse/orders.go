package warehouse

import "github.com/ClickHouse/ch-go/proto"

// OrderRow is one row of `orders`: a sale, an order placed or a return.
type OrderRow struct {
	Fact
	OrderKey     [16]byte // what counts once
	Reference    string   // pseudonym of the order or ticket concerned; empty: unknown
	Amount       int64
	Currency     string
	Lines        uint32
	Fulfilment   string
	CollectStore string
	Reason       string
}

// Orders is a block of `orders`.
type Orders struct {
	block
	fact                                       factColumns
	orderKey                                   *proto.ColUUID
	reference                                  *proto.ColStr
	amount                                     *proto.ColInt64
	currency, fulfilment, collectStore, reason lowCol
	lines                                      *proto.ColUInt32
}

// NewOrders makes an empty block.
func NewOrders() *Orders {
	o := &Orders{block: block{table: "orders"}}
	b := &o.block
	o.fact = b.fact()
	o.orderKey, o.reference, o.amount, o.currency = b.uuid("order_key"), b.text("reference"), b.int64("amount"), b.low("currency")
	o.lines, o.fulfilment, o.collectStore, o.reason = b.uint32("lines"), b.low("fulfilment"), b.low("collect_store"), b.low("reason")
	return o
}

// Append adds a row.
func (o *Orders) Append(r *OrderRow) {
	o.fact.append(&r.Fact)
	o.orderKey.Append(keyUUID(r.OrderKey))
	o.reference.Append(r.Reference)
	o.amount.Append(r.Amount)
	o.currency.Append(r.Currency)
	o.lines.Append(r.Lines)
	o.fulfilment.Append(r.Fulfilment)
	o.collectStore.Append(r.CollectStore)
	o.reason.Append(r.Reason)
	o.rows++
}

// LineRow is one row of `order_lines`.
type LineRow struct {
	OrderKey  [16]byte
	Line      uint32 // from 1
	SKU       string
	Category  string
	Quantity  int64
	UnitPrice int64
	Amount    int64
	Currency  string
}

// OrderLines is a block of `order_lines`.
type OrderLines struct {
	block
	controller, space, source, typ, channel, store lowCol
	leaf, orderKey                                 *proto.ColUUID
	eventID, rcuID                                 *proto.ColStr
	version                                        *proto.ColUInt64
	occurredAt, receivedAt                         timeCol
	businessDate                                   *proto.ColDate
	month, line                                    *proto.ColUInt32
	sku, category, currency                        lowCol
	quantity, unitPrice, amount                    *proto.ColInt64
}

// NewOrderLines makes an empty block.
func NewOrderLines() *OrderLines {
	l := &OrderLines{block: block{table: "order_lines"}}
	b := &l.block
	l.controller, l.space, l.source, l.typ = b.low("controller"), b.low("space"), b.low("source"), b.low("type")
	l.channel, l.store, l.leaf, l.eventID = b.low("channel"), b.low("store"), b.uuid("leaf"), b.text("event_id")
	l.rcuID, l.orderKey, l.version = b.text("rcu_id"), b.uuid("order_key"), b.uint64("version")
	l.occurredAt, l.receivedAt, l.businessDate = b.time("occurred_at"), b.time("received_at"), b.date("business_date")
	l.month, l.line, l.sku, l.category = b.uint32("month"), b.uint32("line"), b.low("sku"), b.low("category")
	l.quantity, l.unitPrice, l.amount, l.currency = b.int64("quantity"), b.int64("unit_price"), b.int64("amount"), b.low("currency")
	return l
}

// Append adds a row for a line of the event f.
func (l *OrderLines) Append(f *Fact, r *LineRow) {
	l.controller.Append(f.Controller)
	l.space.Append(f.Space)
	l.source.Append(f.Source)
	l.typ.Append(f.Type)
	l.channel.Append(f.Channel)
	l.store.Append(f.Store)
	l.leaf.Append(keyUUID(f.Leaf))
	l.eventID.Append(f.EventID)
	l.rcuID.Append(f.RCUID)
	l.orderKey.Append(keyUUID(r.OrderKey))
	l.version.Append(f.Version)
	l.occurredAt.AppendRaw(instant(f.OccurredAt))
	l.receivedAt.AppendRaw(instant(f.ReceivedAt))
	*l.businessDate = append(*l.businessDate, proto.Date(f.BusinessDate))
	l.month.Append(f.Month)
	l.line.Append(r.Line)
	l.sku.Append(r.SKU)
	l.category.Append(r.Category)
	l.quantity.Append(r.Quantity)
	l.unitPrice.Append(r.UnitPrice)
	l.amount.Append(r.Amount)
	l.currency.Append(r.Currency)
	l.rows++
}

// ContactRow is one row of `contacts`: a call, or a case opened or closed.
type ContactRow struct {
	Fact
	Reference       string
	Kind            string
	State           string
	Topic           string
	Priority        string
	DurationSeconds int64
	WaitSeconds     int64
	Outbound        bool
}

// Contacts is a block of `contacts`.
type Contacts struct {
	block
	fact                         factColumns
	reference                    *proto.ColStr
	kind, state, topic, priority lowCol
	duration, wait               *proto.ColInt64
	outbound                     *proto.ColUInt8
}

// NewContacts makes an empty block.
func NewContacts() *Contacts {
	c := &Contacts{block: block{table: "contacts"}}
	b := &c.block
	c.fact = b.fact()
	c.reference, c.kind, c.state, c.topic = b.text("reference"), b.low("kind"), b.low("state"), b.low("topic")
	c.priority, c.duration, c.wait = b.low("priority"), b.int64("duration_seconds"), b.int64("wait_seconds")
	c.outbound = b.uint8("outbound")
	return c
}

// Append adds a row.
func (c *Contacts) Append(r *ContactRow) {
	c.fact.append(&r.Fact)
	c.reference.Append(r.Reference)
	c.kind.Append(r.Kind)
	c.state.Append(r.State)
	c.topic.Append(r.Topic)
	c.priority.Append(r.Priority)
	c.duration.Append(r.DurationSeconds)
	c.wait.Append(r.WaitSeconds)
	c.outbound.Append(bit(r.Outbound))
	c.rows++
}
