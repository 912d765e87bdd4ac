package warehouse

import (
	"context"
	"fmt"
	"time"

	"github.com/ClickHouse/ch-go/proto"
)

// ContactStepRow is one row of `contact_steps`. At is microseconds since 1970.
type ContactStepRow struct {
	Controller, Space     string
	Contact, Step, Reason string
	Namespace, Point      string
	Channel, Purpose      string
	Family                string // of products that are offered
	Needs, Proof          []string
	At                    int64
}

// ContactSteps is a block of `contact_steps`.
type ContactSteps struct {
	block
	controller, space, step, reason, namespace, channel, purpose, family lowCol
	contact, point                                                       *proto.ColStr
	needs, proof                                                         stringsCol
	at                                                                   timeCol
}

// NewContactSteps makes an empty block.
func NewContactSteps() *ContactSteps {
	c := &ContactSteps{block: block{table: "contact_steps"}}
	b := &c.block
	c.controller, c.contact, c.step, c.at = b.low("controller"), b.text("contact"), b.low("step"), b.time("at")
	c.space, c.reason, c.namespace, c.point = b.low("space"), b.low("reason"), b.low("namespace"), b.text("point")
	c.channel, c.purpose, c.needs, c.proof = b.low("channel"), b.low("purpose"), b.lows("needs"), b.texts("proof")
	c.family = b.low("family")
	return c
}

// Append adds a row.
func (c *ContactSteps) Append(r *ContactStepRow) {
	c.controller.Append(r.Controller)
	c.contact.Append(r.Contact)
	c.step.Append(r.Step)
	c.at.AppendRaw(instant(r.At))
	c.space.Append(r.Space)
	c.reason.Append(r.Reason)
	c.namespace.Append(r.Namespace)
	c.point.Append(r.Point)
	c.channel.Append(r.Channel)
	c.purpose.Append(r.Purpose)
	c.needs.Append(r.Needs)
	c.proof.Append(r.Proof)
	c.family.Append(r.Family)
	c.rows++
}

// SendsWithoutPermission counts the rows of the standing control since a time: sends that no decision permitted. It is expected to be 0.
func (w *Warehouse) SendsWithoutPermission(ctx context.Context, since time.Time) (uint64, error) {
	var n uint64
	err := w.conn.QueryRow(ctx, "SELECT count() FROM "+w.name("sends_without_permission")+" WHERE sent_at >= fromUnixTimestamp64Micro(?)", since.UnixMicro()).Scan(&n)
	if err != nil {
		return 0, fmt.Errorf("looking for sends without permission: %w", redact(err))
	}
	return n, nil
}
