package warehouse_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rcu/pkg/consent"
	"rcu/pkg/warehouse"
)

// sentAt is when the sends of these tests are made.
var sentAt = time.Date(2026, 3, 14, 9, 0, 0, 0, time.UTC)

// control is the standing control with the decisions and sends that a test puts before it.
type control struct {
	t         testing.TB
	w         *warehouse.Warehouse
	family    string // of products that sends offer, from here on
	decisions *warehouse.Consents
	steps     *warehouse.ContactSteps
	n         int
}

func newControl(t testing.TB) *control {
	t.Helper()
	return &control{t: t, w: open(t), decisions: warehouse.NewConsents(), steps: warehouse.NewContactSteps()}
}

// decided adds a decision about marketing by e-mail at a point, known a second later unless change says otherwise.
func (c *control) decided(point, decision string, at time.Time, change func(*warehouse.ConsentRow)) {
	c.n++
	r := warehouse.ConsentRow{
		Controller: "ka", Space: "fr", Source: "web-1", ID: fmt.Sprintf("d%06d", c.n), Namespace: "email", Point: point, Purpose: "marketing", Channel: "email",
		Decision: decision, DecidedAt: at.Unix(), ReceivedAt: at.Add(time.Second).UnixMicro(),
	}
	if change != nil {
		change(&r)
	}
	c.decisions.Append(&r)
}

// sent adds an advertisement by e-mail that was sent to a point.
func (c *control) sent(contact, point string, at time.Time, change func(*warehouse.ContactStepRow)) {
	r := warehouse.ContactStepRow{
		Controller: "ka", Space: "fr", Contact: contact, Step: "confirm", Namespace: "email", Point: point, Channel: "email", Purpose: "marketing",
		Needs: []string{"marketing"}, Family: c.family, At: at.UnixMicro(),
	}
	if change != nil {
		change(&r)
	}
	c.steps.Append(&r)
}

// sold adds a sale of shoes at which the point was given, with an offer to object.
func (c *control) sold(point string, at time.Time, change func(*warehouse.ConsentRow)) {
	c.decided(point, "grant", at, func(r *warehouse.ConsentRow) {
		r.Purpose, r.Channel = "soft_optin:shoes", ""
		if change != nil {
			change(r)
		}
	})
}

// retracted adds that the event of a sale was taken back, as its source told it.
func (c *control) retracted(point, event string, at, heard time.Time) {
	c.decided(point, "withdraw", at, func(r *warehouse.ConsentRow) {
		r.Purpose, r.Channel, r.ID, r.ReceivedAt = "sale_retracted", "", event, heard.UnixMicro()
	})
}

// found lists what the control finds, by contact.
func (c *control) found() map[string]string {
	c.t.Helper()
	insert(c.t, c.w, c.decisions)
	insert(c.t, c.w, c.steps)
	out := map[string]string{}
	for _, r := range ask(c.t, c.w, "SELECT contact, missing, verdict FROM sends_without_permission") {
		out[r["contact"].(string)] = fmt.Sprintf("%s: %s", r["missing"], r["verdict"])
	}
	n, err := c.w.SendsWithoutPermission(c.t.Context(), sentAt.AddDate(-20, 0, 0))
	require.NoError(c.t, err)
	require.EqualValues(c.t, len(out), n)
	return out
}

func days(n int) time.Time { return sentAt.AddDate(0, 0, n) }

// violation is one way of sending without permission.
type violation struct {
	name, want string
	plant      func(c *control, point string)
}

// violations are planted one by one; without them the control is empty.
var violations = []violation{
	{"nobody was asked", "marketing: never_asked", func(*control, string) {}},
	{"refused", "marketing: denied", func(c *control, p string) { c.decided(p, "refuse", days(-3), nil) }},
	{"withdrawn", "marketing: denied", func(c *control, p string) {
		c.decided(p, "grant", days(-9), nil)
		c.decided(p, "withdraw", days(-3), nil)
	}},
	{"objected", "marketing: denied", func(c *control, p string) {
		c.decided(p, "grant", days(-9), nil)
		c.decided(p, "object", days(-3), nil)
	}},
	{"expired", "marketing: expired", func(c *control, p string) {
		c.decided(p, "grant", days(-9), func(r *warehouse.ConsentRow) { r.ExpiresAt = days(-1).Unix() })
	}},
	{"expired at this very second", "marketing: expired", func(c *control, p string) {
		c.decided(p, "grant", days(-9), func(r *warehouse.ConsentRow) { r.ExpiresAt = sentAt.Unix() })
	}},
	{"granted for another point", "marketing: never_asked", func(c *control, p string) { c.decided(p+"-other", "grant", days(-9), nil) }},
	{"granted for another channel", "marketing: never_asked", func(c *control, p string) {
		c.decided(p, "grant", days(-9), func(r *warehouse.ConsentRow) { r.Channel = "sms" })
	}},
	{"granted for another purpose", "marketing: never_asked", func(c *control, p string) {
		c.decided(p, "grant", days(-9), func(r *warehouse.ConsentRow) { r.Purpose = "survey" })
	}},
	{"granted to another controller", "marketing: never_asked", func(c *control, p string) {
		c.decided(p, "grant", days(-9), func(r *warehouse.ConsentRow) { r.Controller = "kb" })
	}},
	{"granted after it was sent", "marketing: never_asked", func(c *control, p string) { c.decided(p, "grant", days(1), nil) }},
	{"granted before and known after it was sent", "marketing: never_asked", func(c *control, p string) {
		c.decided(p, "grant", days(-1), func(r *warehouse.ConsentRow) { r.ReceivedAt = days(1).UnixMicro() })
	}},
	{"a carried grant is newer than a denial", "marketing: denied", func(c *control, p string) {
		c.decided(p, "withdraw", days(-9), nil)
		c.decided(p, "grant", days(-3), func(r *warehouse.ConsentRow) { r.Carried = true })
	}},
	{"denied in the second of the grant", "marketing: denied", func(c *control, p string) {
		c.decided(p, "refuse", days(-3), nil)
		c.decided(p, "grant", days(-3), nil)
	}},
	{"the shorter grant of one second has ended", "marketing: expired", func(c *control, p string) {
		c.decided(p, "grant", days(-9), func(r *warehouse.ConsentRow) { r.ExpiresAt = days(-1).Unix() })
		c.decided(p, "grant", days(-9), nil)
	}},
	{"a double opt-in was never confirmed", "marketing: pending", func(c *control, p string) { c.decided(p, "pending", days(-3), nil) }},
}

// TestControl_findsEachViolation is the standing control of consent.md Q15: among sends that were permitted it shows those that were not, and no other.
func TestControl_findsEachViolation(t *testing.T) {
	c := newControl(t)
	want := map[string]string{}
	for i, v := range violations {
		point := fmt.Sprintf("p%02d", i)
		v.plant(c, point)
		c.sent(v.name, point, sentAt, nil)
		want[v.name] = v.want
	}
	c.decided("both", "grant", days(-9), nil)
	c.sent("a seller's advertisement without marketing", "seller", sentAt, func(r *warehouse.ContactStepRow) {
		r.Purpose, r.Needs = "clienteling_contact", []string{"clienteling_contact", "marketing"}
	})
	c.decided("seller", "grant", days(-9), func(r *warehouse.ConsentRow) { r.Purpose = "clienteling_contact" })
	want["a seller's advertisement without marketing"] = "marketing: never_asked"
	lawful(c)
	require.Equal(t, want, c.found())
	require.Equal(t, want, c.found(), "delivered twice")
}

// lawful adds sends that are none of the control's business.
func lawful(c *control) {
	send := func(name string, at time.Time) { c.sent(name, name, at, nil) }
	c.decided("granted", "grant", days(-9), nil)
	send("granted", sentAt)
	c.decided("granted again", "withdraw", days(-9), nil)
	c.decided("granted again", "grant", days(-3), nil)
	send("granted again", sentAt)
	c.decided("withdrawn later", "grant", days(-9), nil)
	c.decided("withdrawn later", "withdraw", days(1), nil)
	send("withdrawn later", sentAt)
	c.decided("known later", "grant", days(-9), nil)
	c.decided("known later", "withdraw", days(-1), func(r *warehouse.ConsentRow) { r.ReceivedAt = days(1).UnixMicro() })
	send("known later", sentAt)
	c.decided("on its way", "grant", days(-9), nil)
	c.decided("on its way", "withdraw", sentAt.Add(-time.Second), func(r *warehouse.ConsentRow) { r.ReceivedAt = sentAt.Add(-time.Second / 2).UnixMicro() })
	send("on its way", sentAt)
	c.decided("brought", "grant", days(-9), func(r *warehouse.ConsentRow) { r.Carried = true })
	send("brought", sentAt)
	for _, step := range []string{"reserve", "release", "refused"} {
		c.sent("nothing was sent: "+step, "nobody", sentAt, func(r *warehouse.ContactStepRow) { r.Step = step })
	}
	c.sent("nothing was sent: the answer was no", "nobody", sentAt, func(r *warehouse.ContactStepRow) { r.Reason = "no_permission" })
}

// TestControl_agreesWithRegisters holds the control to the registers of package consent over random decisions: of sends at random times it shows
// just those that a register would have refused, and so none of those that the product makes.
func TestControl_agreesWithRegisters(t *testing.T) {
	c := newControl(t)
	rng := rand.New(rand.NewPCG(15, 1))
	want, permitted := []string{}, 0
	for p := range 1500 {
		point, r := fmt.Sprintf("p%04d", p), consent.Register{}
		for range rng.IntN(6) {
			dec := 1 + rng.IntN(4)
			at := sentAt.Add(-time.Duration(1+rng.IntN(20)) * time.Hour)
			expires := int64(0)
			if rng.IntN(2) == 0 {
				expires = sentAt.Add(time.Duration(rng.IntN(5)-2) * time.Hour).Unix()
			}
			carried := dec == 1 && rng.IntN(3) == 0
			c.decided(point, []string{"", "grant", "refuse", "withdraw", "object"}[dec], at, func(x *warehouse.ConsentRow) {
				x.Carried, x.ExpiresAt, x.ID = carried, expires, fmt.Sprint(rng.IntN(1000))
				r, _ = r.Join(consent.PurposeChannel{Purpose: consent.Marketing, Channel: "email"}, consent.Decision{
					At: x.DecidedAt, Expires: expires, Dec: consent.Dec(dec), Carried: carried, ID: x.ID,
				})
			})
		}
		at := sentAt.Add(-time.Duration(rng.IntN(21)) * time.Hour).Add(30 * time.Minute)
		contact := fmt.Sprintf("c%04d", p)
		c.sent(contact, point, at, nil)
		if r.AllowedAt(consent.Marketing, "email", at.Unix()) {
			permitted++
		} else {
			want = append(want, contact)
		}
	}
	found := c.found()
	got := make([]string, 0, len(found))
	for contact := range found {
		got = append(got, contact)
	}
	slices.Sort(got)
	require.Equal(t, want, got)
	require.Greater(t, permitted, 150)
}

// salesViolations are ways of offering shoes without a consent that a sale does not permit.
var salesViolations = []violation{
	{"nothing was sold", "marketing: never_asked", func(*control, string) {}},
	{"sold by another controller", "marketing: never_asked", func(c *control, p string) {
		c.sold(p, days(-9), func(r *warehouse.ConsentRow) { r.Controller = "kb" })
	}},
	{"sold of another family", "marketing: never_asked", func(c *control, p string) {
		c.sold(p, days(-9), func(r *warehouse.ConsentRow) { r.Purpose = "soft_optin:coats" })
	}},
	{"sold with another point", "marketing: never_asked", func(c *control, p string) { c.sold(p+"-other", days(-9), nil) }},
	{"sold after it was sent", "marketing: never_asked", func(c *control, p string) { c.sold(p, days(1), nil) }},
	{"sold and taken back", "marketing: never_asked", func(c *control, p string) {
		c.sold(p, days(-9), nil)
		c.sold(p, days(-8), func(r *warehouse.ConsentRow) { r.Decision = "withdraw" })
	}},
	{"taken back by its source", "marketing: never_asked", func(c *control, p string) {
		c.sold(p, days(-9), func(r *warehouse.ConsentRow) { r.ID = p + "#0" })
		c.retracted(p, p, days(-9), days(-8))
	}},
	{"taken back before it was heard of", "marketing: never_asked", func(c *control, p string) {
		c.retracted(p, p, days(-9), days(-9))
		c.sold(p, days(-9), func(r *warehouse.ConsentRow) { r.ID, r.ReceivedAt = p+"#0", days(-2).UnixMicro() })
	}},
	{"quiet for three years", "marketing: inactive", func(c *control, p string) { c.sold(p, sentAt.AddDate(-3, 0, 0), nil) }},
	{"objected after the sale", "marketing: denied", func(c *control, p string) {
		c.sold(p, days(-9), nil)
		c.decided(p, "object", days(-3), nil)
	}},
	{"refused before the sale", "marketing: denied", func(c *control, p string) {
		c.decided(p, "refuse", days(-12), nil)
		c.sold(p, days(-9), nil)
	}},
	{"a grant ended after the sale", "marketing: expired", func(c *control, p string) {
		c.decided(p, "grant", days(-12), func(r *warehouse.ConsentRow) { r.ExpiresAt = days(-1).Unix() })
		c.sold(p, days(-9), nil)
	}},
}

// Sales of the family that was offered stand for a consent, and no other.
func TestControl_sales(t *testing.T) {
	c := newControl(t)
	c.family = "shoes"
	want := map[string]string{}
	for i, v := range salesViolations {
		point := fmt.Sprintf("s%02d", i)
		v.plant(c, point)
		c.sent(v.name, point, sentAt, nil)
		want[v.name] = v.want
	}
	c.sold("shoes", days(-9), nil)
	c.sent("shoes", "shoes", sentAt, nil)
	c.sold("again", days(-9), func(r *warehouse.ConsentRow) { r.ID = "again-1#0" })
	c.sold("again", days(-5), func(r *warehouse.ConsentRow) { r.ID = "again-2#0" })
	c.retracted("again", "again-2", days(-5), days(-4))
	c.sent("the sale before stands", "again", sentAt, nil)
	c.sold("on its way", days(-9), func(r *warehouse.ConsentRow) { r.ID = "way#0" })
	c.retracted("on its way", "way", days(-9), sentAt.Add(-time.Second/2))
	c.sent("taken back within the second", "on its way", sentAt, nil)
	c.sold("nearly", sentAt.AddDate(-3, 0, 1), nil)
	c.sent("nearly three years", "nearly", sentAt, nil)
	c.sent("by telephone", "shoes", sentAt, func(r *warehouse.ContactStepRow) { r.Channel = "phone" })
	want["by telephone"] = "marketing: never_asked"
	c.sent("of no family", "shoes", sentAt, func(r *warehouse.ContactStepRow) { r.Family = "" })
	want["of no family"] = "marketing: never_asked"
	c.sent("by a seller", "shoes", sentAt, func(r *warehouse.ContactStepRow) {
		r.Purpose, r.Needs = "clienteling_contact", []string{"clienteling_contact", "marketing"}
	})
	want["by a seller"] = "clienteling_contact: never_asked"
	c.sent("a survey", "shoes", sentAt, func(r *warehouse.ContactStepRow) { r.Purpose, r.Needs = "survey", []string{"survey"} })
	want["a survey"] = "survey: never_asked"
	require.Equal(t, want, c.found())
}
