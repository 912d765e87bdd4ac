package contact_test

import (
	"encoding/hex"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"

	"rcu/pkg/consent"
	"rcu/pkg/contact"
	eventpb "rcu/schemas/event"
)

const goldenBook = "0103810080c8ceb40d80fc8ab70d020b6d6f74686572735f64617982c8ceb40dfeffffffffffffffff010305656d61696c84c8ceb40d04"

func randomWish(r *rand.Rand) contact.Wish {
	w := contact.Wish{Kind: contact.WishKind(1 + r.IntN(3)), Wide: r.IntN(2) == 0, At: int64(r.IntN(5)), Value: int64(r.IntN(4))}
	switch w.Kind {
	case contact.WishTopic:
		w.About = []string{"baby", "baby/clothes", "mothers_day"}[r.IntN(3)]
		if r.IntN(4) == 0 {
			w.Value = contact.Forever
		}
	case contact.WishFrequency:
		w.About = []string{"", consent.ChannelEmail, consent.ChannelSMS}[r.IntN(3)]
	case contact.WishPause:
	}
	return w
}

func bookOf(ws []contact.Wish) (b contact.Book) {
	for _, w := range ws {
		b, _ = b.Join(w)
	}
	return b
}

// severity of wishes, part by part: what is no looser than another is at least as strict in every part.
func noLooser(t *testing.T, strict, loose contact.Wishes) {
	t.Helper()
	require.False(t, strict.Paused.Before(loose.Paused))
	for channel, f := range loose.Frequency {
		require.GreaterOrEqual(t, strict.Frequency[channel], f)
	}
	for _, s := range loose.Suppressed {
		require.True(t, slices.ContainsFunc(strict.Suppressed, func(x contact.Suppression) bool {
			return x.Topic == s.Topic && (x.Until.IsZero() || !s.Until.IsZero() && !x.Until.Before(s.Until))
		}))
	}
}

// Any order, any repetition: the same book; what it packs is read back; a point that is put beside others makes nothing looser, and neither
// does taking one's own wishes of another point into account.
func TestWishes_laws(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 8))
	now := time.Unix(2, 0)
	for range 20_000 {
		ws := make([]contact.Wish, r.IntN(12))
		for i := range ws {
			ws[i] = randomWish(r)
		}
		b := bookOf(ws)
		again := slices.Concat(ws, ws)
		r.Shuffle(len(again), func(i, j int) { again[i], again[j] = again[j], again[i] })
		require.Equal(t, b, bookOf(again))
		cut := r.IntN(len(ws) + 1)
		require.Equal(t, b, bookOf(ws[:cut]).Merge(bookOf(ws[cut:])))
		back, err := contact.DecodeBook(b.Encode())
		require.NoError(t, err)
		require.Equal(t, b.All(), back.All())
		other := bookOf([]contact.Wish{randomWish(r), randomWish(r), randomWish(r)})
		noLooser(t, contact.WishesAt(b, []contact.Book{other}, now), contact.WishesAt(b, nil, now))
		for _, w := range ws {
			d := &eventpb.Decision{}
			w.Say(d)
			require.True(t, contact.IsWish(d.GetPurpose()))
			raw, err := proto.Marshal(d)
			require.NoError(t, err)
			var heard eventpb.Decision
			require.NoError(t, proto.Unmarshal(raw, &heard))
			read, ok := contact.WishOf(&heard)
			require.True(t, ok)
			require.Equal(t, w, read)
			_, _, of := consent.DecisionOf(&heard)
			require.True(t, of, "it stands in the evidence")
			register, changed := consent.Register{}.JoinAll(&heard)
			require.False(t, changed, "and in no register of consent")
			require.True(t, register.Empty())
		}
	}
}

func TestWishes_ofTheLatest(t *testing.T) {
	now := time.Unix(1000, 0)
	pause := contact.Wish{Kind: contact.WishPause, At: 10, Value: 5000}
	resumed := contact.Wish{Kind: contact.WishPause, At: 20}
	paused := func(own contact.Book, others ...contact.Book) bool {
		return contact.WishesAt(own, others, now).Paused.After(now)
	}
	require.True(t, paused(bookOf([]contact.Wish{pause})))
	require.False(t, paused(bookOf([]contact.Wish{pause, resumed})), "the latest holds")
	require.False(t, paused(contact.Book{}, bookOf([]contact.Wish{pause})), "another point's own")
	pause.Wide = true
	require.True(t, paused(contact.Book{}, bookOf([]contact.Wish{pause})), "said for all")
	require.True(t, paused(bookOf([]contact.Wish{pause, resumed})), "a point's own wish takes none back that was said for all")
	resumed.Wide = true
	require.True(t, paused(bookOf([]contact.Wish{resumed}), bookOf([]contact.Wish{pause})), "nothing said elsewhere gives back")
	same := contact.Wish{Kind: contact.WishPause, At: 10, Wide: true}
	require.True(t, paused(bookOf([]contact.Wish{same, pause})), "at one instant the stricter")
	over := contact.WishesAt(bookOf([]contact.Wish{pause}), nil, time.Unix(5000, 0))
	require.True(t, over.Paused.IsZero(), "over")
}

func TestBook_goldenBytes(t *testing.T) {
	b := bookOf([]contact.Wish{
		{Kind: contact.WishPause, At: 1_800_000_000, Value: 1_802_592_000, Wide: true},
		{Kind: contact.WishTopic, About: "mothers_day", At: 1_800_000_001, Value: contact.Forever},
		{Kind: contact.WishFrequency, About: consent.ChannelEmail, At: 1_800_000_002, Value: int64(contact.Weekly)},
	})
	got := hex.EncodeToString(b.Encode())
	require.Equal(t, goldenBook, got, "packed wishes are stored: an older version's bytes have to open")
	back, err := contact.DecodeBook(b.Encode())
	require.NoError(t, err)
	require.Equal(t, b, back)
}

func TestDecodeBook_refusesWhatIsDamaged(t *testing.T) {
	b := bookOf([]contact.Wish{{Kind: contact.WishTopic, About: "baby", At: 7, Value: 9}, {Kind: contact.WishPause, At: 7, Value: 9}})
	raw := b.Encode()
	for i := 1; i < len(raw); i++ {
		_, err := contact.DecodeBook(raw[:i])
		require.ErrorIs(t, err, contact.ErrCorrupt, i)
	}
	for _, bad := range [][]byte{append(slices.Clone(raw), 0), {9}, {1, 0}, {1, 1, 1, 0, 0}, {1, 1, 7, 0, 0, 0}} {
		_, err := contact.DecodeBook(bad)
		require.ErrorIs(t, err, contact.ErrCorrupt, bad)
	}
}

func TestBook_leavesOutWhatIsNone(t *testing.T) {
	for _, w := range []contact.Wish{
		{},
		{Kind: contact.WishPause, About: "x", Value: 1},
		{Kind: contact.WishPause, Value: contact.Forever},
		{Kind: contact.WishTopic, Value: 1},
		{Kind: contact.WishTopic, About: "Baby clothes", Value: 1},
		{Kind: contact.WishFrequency, About: "pigeon", Value: 1},
		{Kind: contact.WishFrequency, Value: 9},
		{Kind: 9, Value: 1},
		{Kind: contact.WishPause, Value: -1},
	} {
		_, changed := contact.Book{}.Join(w)
		require.False(t, changed, "%+v", w)
	}
	var b contact.Book
	for i := range contact.MaxWishes + 5 {
		b, _ = b.Join(contact.Wish{Kind: contact.WishTopic, About: "t" + hex.EncodeToString([]byte{byte(i)}), At: 1, Value: 5})
	}
	require.Len(t, b.All(), contact.MaxWishes)
	_, ok := contact.WishOf(&eventpb.Decision{Purpose: "marketing", Decision: "grant"})
	require.False(t, ok)
	_, ok = contact.WishOf(&eventpb.Decision{Purpose: "wish:pause", Decision: "pending"})
	require.False(t, ok)
	_, ok = contact.WishOf(&eventpb.Decision{Purpose: "wish:frequency:hourly", Decision: "object"})
	require.False(t, ok)
}
