package contacts_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rcu/pkg/consent"
	"rcu/pkg/contact"
	"rcu/pkg/identifier"
	"rcu/pkg/resolve"
)

// wish joins what a person chose at a point of shop-fr.
func (r *rig) wish(k identifier.Key, w contact.Wish) {
	r.t.Helper()
	w.At = r.now.Unix()
	r.put(k, func(b contact.Book) []byte { b, _ = b.Join(w); return b.Encode() })
}

func (r *rig) put(k identifier.Key, change func(contact.Book) []byte) {
	r.t.Helper()
	cells, err := r.cells.LoadCells(r.t.Context(), []string{resolve.WishCell(space, "shop-fr", k)})
	require.NoError(r.t, err)
	book, err := contact.DecodeBook(cells[0].Value)
	require.NoError(r.t, err)
	cells[0].Value = change(book)
	_, err = r.cells.CommitCells(r.t.Context(), cells)
	require.NoError(r.t, err)
}

// What a person chose on the preference centre holds before the next contact: pauses, topics, how often.
func TestWishes_holdBeforeEveryContact(t *testing.T) {
	r := newRig(t, nil)
	email, phone := r.key(identifier.Email, "zoe@example.com"), r.key(identifier.Phone, "+33612345678")
	r.together(email, phone)
	r.decide(email, consent.Marketing, consent.ChannelEmail, consent.Grant)
	r.decide(phone, consent.Marketing, consent.ChannelPhone, consent.Grant)
	mailed, called := mail("m1", "zoe@example.com"), call("c1", "+33612345678")

	until := r.now.AddDate(0, 0, 30)
	r.wish(email, contact.Wish{Kind: contact.WishPause, Value: until.Unix()})
	a := r.ask("reserve", mailed)
	require.Equal(t, "paused", a.Reason)
	require.False(t, a.NextAt.Before(until))
	a = r.ask("reserve", called)
	require.True(t, a.Allowed, "a link about one address says nothing about the others: %s", a.Reason)
	require.Equal(t, "released", r.ask("release", called).State)
	r.wish(email, contact.Wish{Kind: contact.WishPause, Value: until.Unix(), Wide: true})
	require.Equal(t, "paused", r.ask("reserve", called).Reason, "said for all points of the person")
	service := mailed.with("purpose", "contract")
	require.True(t, r.ask("reserve", service).Allowed, "what serves a contract goes on")

	r.now = until.Add(time.Hour)
	require.True(t, r.ask("reserve", mailed).Allowed, "it ends by itself")
	require.Equal(t, "released", r.ask("release", mailed).State)

	r.wish(email, contact.Wish{Kind: contact.WishTopic, About: "shoes", Value: contact.Forever, Wide: true})
	require.Equal(t, "topic_suppressed", r.ask("reserve", mailed).Reason)
	require.Equal(t, "topic_suppressed", r.ask("reserve", mailed.with("topic", "shoes/winter")).Reason)
	require.Equal(t, "topic_suppressed", r.ask("reserve", mailed.with("topic", nil)).Reason, "what says nothing may be about anything")
	require.True(t, r.ask("reserve", mailed.with("topic", "shoestrings")).Allowed)
	require.Equal(t, "released", r.ask("release", mailed.with("topic", "shoestrings")).State)
	r.now = r.now.Add(time.Hour)
	r.wish(email, contact.Wish{Kind: contact.WishTopic, About: "shoes", Wide: true})

	r.wish(email, contact.Wish{Kind: contact.WishFrequency, Value: int64(contact.Monthly), Wide: true})
	require.Equal(t, "reserved", r.ask("reserve", mailed).State)
	require.Equal(t, "made", r.ask("confirm", mailed).State)
	r.now = r.now.AddDate(0, 0, 8)
	a = r.ask("reserve", mail("m2", "zoe@example.com"))
	require.Equal(t, "own_frequency", a.Reason, "an upper bound below every cap")
	require.Equal(t, "own_frequency", r.ask("reserve", called).Reason, "over all channels")
}

// What is chosen between reservation and hand-over holds at the hand-over; what cannot be read permits nothing.
func TestWishes_failClosed(t *testing.T) {
	r := newRig(t, nil)
	email := r.key(identifier.Email, "zoe@example.com")
	r.decide(email, consent.Marketing, consent.ChannelEmail, consent.Grant)
	require.True(t, r.ask("reserve", mail("m1", "zoe@example.com")).Allowed)
	r.wish(email, contact.Wish{Kind: contact.WishPause, Value: r.now.AddDate(0, 0, 30).Unix()})
	require.Equal(t, "paused", r.ask("confirm", mail("m1", "zoe@example.com")).Reason)
	r.put(email, func(contact.Book) []byte { return []byte{1, 2, 3} })
	require.Equal(t, "unavailable", r.ask("reserve", mail("m3", "zoe@example.com")).Reason)
}
