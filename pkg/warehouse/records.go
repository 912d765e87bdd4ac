package warehouse

import (
	"math"

	"github.com/ClickHouse/ch-go/proto"
)

// OwnerRow is one row of `leaf_owners`. It shows after ReloadOwners.
type OwnerRow struct {
	Controller, Space string
	Leaf              [16]byte
	RCUID             string // empty: nobody
	Version           uint64
}

// Owners is a block of `leaf_owners`.
type Owners struct {
	block
	controller, space lowCol
	leaf              *proto.ColUUID
	rcuID             *proto.ColStr
	version           *proto.ColUInt64
}

// NewOwners makes an empty block.
func NewOwners() *Owners {
	o := &Owners{block: block{table: "leaf_owners"}}
	b := &o.block
	o.controller, o.space, o.leaf = b.low("controller"), b.low("space"), b.uuid("leaf")
	o.rcuID, o.version = b.text("rcu_id"), b.uint64("version")
	return o
}

// Append adds a row.
func (o *Owners) Append(r *OwnerRow) {
	o.controller.Append(r.Controller)
	o.space.Append(r.Space)
	o.leaf.Append(keyUUID(r.Leaf))
	o.rcuID.Append(r.RCUID)
	o.version.Append(r.Version)
	o.rows++
}

// ConsentRow is one row of `consents`. DecidedAt and ExpiresAt are seconds since 1970; ExpiresAt 0: never.
type ConsentRow struct {
	Controller, Space, Source, ID           string
	Namespace, Point                        string
	Purpose, Channel, Decision              string
	Carried                                 bool
	Wide                                    bool // of a wish: said for every point of the person
	DecidedAt, ExpiresAt                    int64
	ReceivedAt                              int64
	Act                                     string
	NoticeID, NoticeVersion, NoticeLanguage string
	CollectedOn                             string
}

// Consents is a block of `consents`.
type Consents struct {
	block
	controller, space, source, namespace, purpose, channel, decision lowCol
	act, noticeID, noticeVersion, noticeLanguage, collectedOn        lowCol
	id, point                                                        *proto.ColStr
	carried, wide                                                    *proto.ColUInt8
	decidedAt, expiresAt                                             *proto.ColDateTime
	receivedAt                                                       timeCol
}

// NewConsents makes an empty block.
func NewConsents() *Consents {
	c := &Consents{block: block{table: "consents"}}
	b := &c.block
	c.controller, c.space, c.source, c.id = b.low("controller"), b.low("space"), b.low("source"), b.text("id")
	c.namespace, c.point, c.purpose, c.channel = b.low("namespace"), b.text("point"), b.low("purpose"), b.low("channel")
	c.decision, c.carried, c.wide = b.low("decision"), b.uint8("carried"), b.uint8("wide")
	c.decidedAt = column(b, "decided_at", new(proto.ColDateTime))
	c.expiresAt = column(b, "expires_at", new(proto.ColDateTime))
	c.receivedAt, c.act, c.noticeID = b.time("received_at"), b.low("act"), b.low("notice_id")
	c.noticeVersion, c.noticeLanguage, c.collectedOn = b.low("notice_version"), b.low("notice_language"), b.low("collected_on")
	return c
}

// Append adds a row.
func (c *Consents) Append(r *ConsentRow) {
	c.controller.Append(r.Controller)
	c.space.Append(r.Space)
	c.source.Append(r.Source)
	c.id.Append(r.ID)
	c.namespace.Append(r.Namespace)
	c.point.Append(r.Point)
	c.purpose.Append(r.Purpose)
	c.channel.Append(r.Channel)
	c.decision.Append(r.Decision)
	c.carried.Append(bit(r.Carried))
	c.wide.Append(bit(r.Wide))
	c.decidedAt.Data = append(c.decidedAt.Data, second(r.DecidedAt))
	c.expiresAt.Data = append(c.expiresAt.Data, second(r.ExpiresAt))
	c.receivedAt.AppendRaw(instant(r.ReceivedAt))
	c.act.Append(r.Act)
	c.noticeID.Append(r.NoticeID)
	c.noticeVersion.Append(r.NoticeVersion)
	c.noticeLanguage.Append(r.NoticeLanguage)
	c.collectedOn.Append(r.CollectedOn)
	c.rows++
}

func second(s int64) proto.DateTime { return proto.DateTime(min(max(s, 0), math.MaxUint32)) } //nolint:gosec // clamped

// IdentityChangeRow is one row of `identity_changes`.
type IdentityChangeRow struct {
	Space, ID, Kind, RCUID     string
	Version                    uint64
	Before, After, Identifiers []string
	CauseKind, CauseID, Reason string
	At                         int64
}

// IdentityChanges is a block of `identity_changes`.
type IdentityChanges struct {
	block
	space, kind, causeKind, reason lowCol
	id, rcuID, causeID             *proto.ColStr
	version                        *proto.ColUInt64
	before, after, identifiers     stringsCol
	at                             timeCol
}

// NewIdentityChanges makes an empty block.
func NewIdentityChanges() *IdentityChanges {
	c := &IdentityChanges{block: block{table: "identity_changes"}}
	b := &c.block
	c.space, c.id, c.version, c.kind = b.low("space"), b.text("id"), b.uint64("version"), b.low("kind")
	c.rcuID, c.before, c.after = b.text("rcu_id"), b.texts("before"), b.texts("after")
	c.causeKind, c.causeID, c.reason = b.low("cause_kind"), b.text("cause_id"), b.low("reason")
	c.identifiers, c.at = b.texts("identifiers"), b.time("at")
	return c
}

// Append adds a row.
func (c *IdentityChanges) Append(r *IdentityChangeRow) {
	c.space.Append(r.Space)
	c.id.Append(r.ID)
	c.version.Append(r.Version)
	c.kind.Append(r.Kind)
	c.rcuID.Append(r.RCUID)
	c.before.Append(r.Before)
	c.after.Append(r.After)
	c.causeKind.Append(r.CauseKind)
	c.causeID.Append(r.CauseID)
	c.reason.Append(r.Reason)
	c.identifiers.Append(r.Identifiers)
	c.at.AppendRaw(instant(r.At))
	c.rows++
}

// StoreRow is one row of `stores`.
type StoreRow struct {
	Controller, Store, Brand, Country, Zone string
	ReceivedAt                              int64
}

// Stores is a block of `stores`.
type Stores struct {
	block
	controller, brand, country, zone lowCol
	store                            *proto.ColStr
	receivedAt                       timeCol
}

// NewStores makes an empty block.
func NewStores() *Stores {
	s := &Stores{block: block{table: "stores"}}
	b := &s.block
	s.controller, s.store, s.brand = b.low("controller"), b.text("store"), b.low("brand")
	s.country, s.zone, s.receivedAt = b.low("country"), b.low("zone"), b.time("received_at")
	return s
}

// Append adds a row.
func (s *Stores) Append(r *StoreRow) {
	s.controller.Append(r.Controller)
	s.store.Append(r.Store)
	s.brand.Append(r.Brand)
	s.country.Append(r.Country)
	s.zone.Append(r.Zone)
	s.receivedAt.AppendRaw(instant(r.ReceivedAt))
	s.rows++
}

// ProductRow is one row of `products`.
type ProductRow struct {
	Controller, SKU, Category string
	ReceivedAt                int64
}

// Products is a block of `products`.
type Products struct {
	block
	controller, category lowCol
	sku                  *proto.ColStr
	receivedAt           timeCol
}

// NewProducts makes an empty block.
func NewProducts() *Products {
	p := &Products{block: block{table: "products"}}
	b := &p.block
	p.controller, p.sku, p.category, p.receivedAt = b.low("controller"), b.text("sku"), b.low("category"), b.time("received_at")
	return p
}

// Append adds a row.
func (p *Products) Append(r *ProductRow) {
	p.controller.Append(r.Controller)
	p.sku.Append(r.SKU)
	p.category.Append(r.Category)
	p.receivedAt.AppendRaw(instant(r.ReceivedAt))
	p.rows++
}
