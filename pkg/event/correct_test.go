package event_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rcu/pkg/event"
	"rcu/pkg/identifier"
	eventpb "rcu/schemas/event"
)

var said = time.Date(2026, 3, 22, 20, 30, 0, 123456000, time.UTC)

func correction(traits map[string]string) event.Correction {
	return event.Correction{ID: "correct-1", At: said, Point: key(identifier.Email, "marie@example.com"), Stamp: 1772000000, Traits: traits}
}

// A correction is the event that its source would have sent with the value of the point, but for the claim and for the value itself.
func TestCorrect_isAnOrdinaryEvent(t *testing.T) {
	t.Parallel()
	traits := map[string]string{"given_name": " Marie ", "family_name": "Martin", "birth_date": "1980-04-02", "language": "fr-FR", "country": "FR"}
	e, personal, no := decoder(t).Correct(origin(t, "web"), pseudonyms{}, correction(traits), received)
	require.Nil(t, no)
	require.Equal(t, map[string]string{"given_name": "Marie", "family_name": "Martin", "birth_date": "1980-04-02"}, personal.GetTraits())
	require.Empty(t, personal.GetIdentifiers(), "the value of the point is not at hand, and an empty one would replace what is known")
	require.Equal(t, map[string]string{"language": "fr-FR", "country": "FR"}, e.GetTraits())
	require.Nil(t, e.GetClaim(), "who corrects a name says nothing against what the point was seen with before")

	draft := decodeFrom(t, origin(t, "web"), "identifier.provided",
		ids(provedID("email", "marie@example.com"))+`,"traits":{"given_name":"Marie","family_name":"Martin","birth_date":"1980-04-02","language":"fr-FR","country":"FR"}`)
	want, _, _ := draft.Stamp(pseudonyms{}, func(identifier.Key) int64 { return 1772000000 })
	want.Id, want.OccurredAt, want.Claim, want.ContentDigest = e.GetId(), said.UnixMicro(), nil, e.GetContentDigest()
	require.Equal(t, want.String(), e.String())
	require.Equal(t, []byte(key(identifier.Email, "marie@example.com").Value), e.GetIdentifiers()[0].GetPseudonym())
	require.NotEmpty(t, e.GetLeafKey())
	require.Equal(t, eventpb.Trust_TRUST_SELF, e.GetTrust())
}

// Sent again a moment later it is the same event with the same content; with other content it is told apart.
func TestCorrect_isOneEventHoweverOften(t *testing.T) {
	t.Parallel()
	d, o := decoder(t), origin(t, "web")
	first, _, _ := d.Correct(o, pseudonyms{}, correction(map[string]string{"city": "Lyon"}), received)
	c := correction(map[string]string{"city": "Lyon"})
	c.At = said.Add(time.Minute)
	again, _, _ := d.Correct(o, pseudonyms{}, c, received.Add(time.Minute))
	require.Equal(t, first.GetContentDigest(), again.GetContentDigest())
	other, _, _ := d.Correct(o, pseudonyms{}, correction(map[string]string{"city": "Nice"}), received)
	require.NotEqual(t, first.GetContentDigest(), other.GetContentDigest())
	clear, personal, no := d.Correct(o, pseudonyms{}, correction(map[string]string{"language": "en"}), received)
	require.Nil(t, no)
	require.Nil(t, personal, "nothing to seal")
	require.Equal(t, "en", clear.GetTraits()["language"])
}

func TestCorrect_namesWhatIsWrong(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, trait, value string
		field              string
		reason             event.Reason
	}{
		{"too long", "city", strings.Repeat("é", 129), "/traits/city", event.ReasonTooLong},
		{"no date", "birth_date", "1980-02-30", "/traits/birth_date", event.ReasonBadForm},
		{"no country", "country", "France", "/traits/country", event.ReasonBadForm},
		{"nothing is left", "family_name", " \t ", "/traits/family_name", event.ReasonRequired},
		{"a card number", "address_line", "4111 1111 1111 1111", "/traits/address_line", event.ReasonCardNumber},
		{"an account", "address_line", "FR76 3000 6000 0112 3456 7890 189", "/traits/address_line", event.ReasonIBAN},
		{"no trait", "shoe_size", "42", "/traits/*", event.ReasonNotListed},
		{"zero byte", "city", "a\x00b", "/traits/city", event.ReasonNUL},
		{"far too much", "city", strings.Repeat("x", event.MaxBytes), "/traits", event.ReasonTooLarge},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			e, personal, no := decoder(t).Correct(origin(t, "web"), pseudonyms{}, correction(map[string]string{tt.trait: tt.value}), received)
			require.Nil(t, e)
			require.Nil(t, personal)
			require.Equal(t, tt.field, no.Field)
			require.Equal(t, tt.reason, no.Reason)
			require.NotContains(t, no.Fix, tt.value)
		})
	}
	_, _, no := decoder(t).Correct(origin(t, "web"), pseudonyms{}, correction(map[string]string{}), received)
	require.Equal(t, event.ReasonRequired, no.Reason)
}

// What is taken away is named, and nothing else of the event tells it: it seals nothing and makes no claim.
func TestCorrect_takesAttributesAway(t *testing.T) {
	t.Parallel()
	d, o := decoder(t), origin(t, "web")
	c := correction(map[string]string{"city": "Nice"})
	c.Emptied = []string{"region", "birth_date", "region"}
	e, personal, no := d.Correct(o, pseudonyms{}, c, received)
	require.Nil(t, no)
	require.Equal(t, []string{"birth_date", "region"}, e.GetIdentifierProvided().GetEmptied())
	require.Equal(t, map[string]string{"city": "Nice"}, personal.GetTraits())
	require.Nil(t, e.GetClaim())
	alone := correction(nil)
	alone.Emptied = []string{"birth_date"}
	e, personal, no = d.Correct(o, pseudonyms{}, alone, received)
	require.Nil(t, no)
	require.Nil(t, personal)
	require.Empty(t, e.GetTraits())
	require.NotEmpty(t, e.GetLeafKey())
	digests := map[string]bool{}
	for _, names := range [][]string{{"birth_date"}, {"region"}, {"birth_date", "region"}} {
		alone.Emptied = names
		e, _, _ := d.Correct(o, pseudonyms{}, alone, received.Add(time.Minute))
		again, _, _ := d.Correct(o, pseudonyms{}, alone, received)
		require.Equal(t, e.GetContentDigest(), again.GetContentDigest())
		digests[string(e.GetContentDigest())] = true
	}
	require.Len(t, digests, 3, "told apart by what they take away")
	for field, bad := range map[string]event.Correction{
		"/emptied/*":    {Traits: map[string]string{}, Emptied: []string{"shoe_size"}},
		"/emptied/city": {Traits: map[string]string{"city": "Nice"}, Emptied: []string{"city"}},
	} {
		bad.ID, bad.At, bad.Point = "correct-2", said, alone.Point
		_, _, no := d.Correct(o, pseudonyms{}, bad, received)
		require.Equal(t, field, no.Field)
	}
}
