package warehouse_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rcu/pkg/consent"
	folds "rcu/pkg/profile"
	"rcu/pkg/warehouse"
)

// lived adds what a person did with a controller, who has a point.
func (c *control) lived(controller, person, point, typ string, at, heard time.Time) {
	c.t.Helper()
	c.n++
	f := fact(controller, leaf(byte(c.n%250)), fmt.Sprintf("%s-%d", point, c.n), person, typ, "web")
	f.OccurredAt, f.ReceivedAt = at.UnixMicro(), heard.UnixMicro()
	events := warehouse.NewEvents()
	events.Append(&warehouse.EventRow{Fact: f})
	insert(c.t, c.w, events)
	c.owns(controller, person, point)
}

// owns makes a point one of a person's.
func (c *control) owns(controller, person, point string) {
	c.t.Helper()
	profiles, points := warehouse.NewProfiles(), warehouse.NewProfileIdentifiers()
	p := profile(person, 1, false)
	p.Controller = controller
	profiles.Append(p)
	points.Append(&warehouse.ProfileIdentifierRow{Controller: controller, Space: "fr", RCUID: person, Namespace: "email", Pseudonym: point, Version: 1})
	insert(c.t, c.w, profiles)
	insert(c.t, c.w, points)
}

// Three years without an act of the person end a grant, and whatever they did meanwhile with that controller keeps it alive.
func TestControl_inactivity(t *testing.T) {
	c := newControl(t)
	given, want := sentAt.AddDate(-3, 0, 0), map[string]string{}
	say := func(name string, quiet bool) {
		c.decided(name, "grant", given, nil)
		c.sent(name, name, sentAt, nil)
		if quiet {
			want[name] = "marketing: inactive"
		}
	}
	year := sentAt.AddDate(-1, 0, 0)
	say("did nothing", true)
	c.owns("ka", "nothing", "did nothing")
	say("belongs to nobody", true)
	say("bought", false)
	c.lived("ka", "buyer", "bought", "sale", year, year)
	say("bought from another controller", true)
	c.lived("kb", "elsewhere", "bought from another controller", "sale", year, year)
	say("somebody else bought", true)
	c.owns("ka", "lazy", "somebody else bought")
	c.lived("ka", "busy", "of somebody else", "sale", year, year)
	say("an order moved on", true)
	c.lived("ka", "waiting", "an order moved on", "order.state_changed", year, year)
	say("bought too long ago", true)
	c.lived("ka", "gone", "bought too long ago", "sale", given.Add(-time.Hour), given)
	say("bought afterwards", true)
	c.lived("ka", "later", "bought afterwards", "sale", sentAt.Add(time.Hour), sentAt.Add(time.Hour))
	say("bought and nobody knew", true)
	c.lived("ka", "offline", "bought and nobody knew", "sale", year, sentAt.Add(time.Hour))
	say("took it back", true)
	c.lived("ka", "void", "took it back", "sale", year, year)
	back := warehouse.NewRetractions()
	back.Append(&warehouse.RetractionRow{Controller: "ka", Source: "till-12", RetractedID: fmt.Sprintf("took it back-%d", c.n), RetractedType: "sale", OccurredAt: year.UnixMicro(), ReceivedAt: year.UnixMicro()})
	insert(t, c.w, back)
	require.Equal(t, want, c.found())
}

// The control has the types of acts that keep a grant alive, and the channels on which grants end so, as the product has them.
func TestControl_inactivityAsTheProductHasIt(t *testing.T) {
	c := newControl(t)
	given, year, want := sentAt.AddDate(-3, 0, 0), sentAt.AddDate(-1, 0, 0), map[string]string{}
	for _, typ := range folds.Acts() {
		c.decided(typ, "grant", given, nil)
		c.sent(typ, typ, sentAt, nil)
		c.lived("ka", "who-"+typ, typ, typ, year, year)
	}
	for _, info := range consent.Purposes() {
		for _, channel := range info.Channels {
			name := string(info.Purpose) + " " + channel
			c.decided(name, "grant", given, func(r *warehouse.ConsentRow) { r.Purpose, r.Channel = string(info.Purpose), channel })
			c.sent(name, name, sentAt, func(r *warehouse.ContactStepRow) {
				r.Purpose, r.Channel, r.Needs = string(info.Purpose), channel, []string{string(info.Purpose)}
			})
			if info.QuietEnd(channel, given.Unix(), 0) == sentAt.Unix() {
				want[name] = string(info.Purpose) + ": inactive"
			}
		}
	}
	require.NotEmpty(t, want)
	require.Equal(t, want, c.found())
}
