package event_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// saleWith is an order or ticket with offers to object.
func saleWith(typ, offers string) []byte {
	return []byte(`{"id":"s1","type":"` + typ + `","occurred_at":"2026-03-14T09:00:00Z","consent":[{"point":{"namespace":"email","value":"a@example.org"},"purpose":"survey","channel":"email","decision":"refuse"}],
		"data":{"total":{"amount":100,"currency":"EUR"},"soft_optin":[` + offers + `]}}`)
}

const shoesOffer = `{"point":{"namespace":"email","value":"A@Example.org"},"family":"shoes","notice":{"id":"web-privacy","version":"3","language":"fr"}}`

// The points that were given at a sale with an offer to object become facts of these points, beside the decisions of the event.
func TestSoftOptIn(t *testing.T) {
	t.Parallel()
	for channel, typ := range map[string]string{"store": "sale", "web": "order.placed", "mobile": "order.placed"} {
		draft, rejection := decoder(t).Decode(saleWith(typ, shoesOffer+`,`+strings.Replace(shoesOffer, "shoes", "coats", 1)), origin(t, channel), received)
		require.Nil(t, rejection, "%+v", rejection)
		require.Empty(t, draft.Dropped())
		e, _, decisions := draft.Stamp(pseudonyms{}, noStamps)
		require.Len(t, decisions, 3)
		require.Len(t, e.GetOffered(), 1, "two families, one point")
		require.Equal(t, decisions[1].GetPoint().GetPseudonym(), e.GetOffered()[0].GetPseudonym())
		sale := decisions[1]
		require.Equal(t, []string{"s1#1", "soft_optin:shoes", "grant", "", "web-privacy", "3", "fr"}, []string{
			sale.GetId(), sale.GetPurpose(), sale.GetDecision(), sale.GetChannel(), sale.GetNoticeId(), sale.GetNoticeVersion(), sale.GetNoticeLanguage(),
		})
		require.EqualValues(t, 1773478800, sale.GetDecidedAt())
		require.Zero(t, sale.GetExpiresAt())
		require.Equal(t, decisions[0].GetPoint().GetPseudonym(), sale.GetPoint().GetPseudonym(), "normalised alike")
		require.Equal(t, []string{"s1#2", "soft_optin:coats"}, []string{decisions[2].GetId(), decisions[2].GetPurpose()})
	}
}

// What names no point, family or offer is refused with its place.
func TestSoftOptIn_incomplete(t *testing.T) {
	t.Parallel()
	for bad, field := range map[string]string{
		strings.Replace(shoesOffer, "email", "customer", 1):                        "/data/soft_optin/1/point/namespace",
		strings.Replace(shoesOffer, "A@Example.org", "nobody", 1):                  "/data/soft_optin/1/point/value",
		strings.Replace(shoesOffer, `"shoes"`, `"Shoes & more"`, 1):                "/data/soft_optin/1/family",
		strings.Replace(shoesOffer, `"family":"shoes",`, "", 1):                    "/data/soft_optin/1/family",
		`{"point":{"namespace":"email","value":"a@example.org"},"family":"shoes"}`: "/data/soft_optin/1/notice",
		strings.Replace(shoesOffer, `{"id":"web-privacy",`, `{`, 1):                "/data/soft_optin/1/notice/id",
		strings.Repeat(shoesOffer+",", 16) + shoesOffer:                            "/data/soft_optin",
	} {
		_, rejection := decoder(t).Decode(saleWith("sale", shoesOffer+","+bad), origin(t, "store"), received)
		require.NotNil(t, rejection, bad)
		require.Equal(t, field, rejection.Field, bad)
	}
	draft, rejection := decoder(t).Decode([]byte(strings.Replace(string(saleWith("return", shoesOffer)), `"total"`, `"total":{"amount":1},"given"`, 1)), origin(t, "web"), received)
	if rejection == nil {
		require.NotEmpty(t, draft.Dropped(), "a return is no sale")
	}
}

// What is taken back takes back what it offered, at every point that the retraction names.
func TestSoftOptIn_takenBack(t *testing.T) {
	t.Parallel()
	retraction := func(typ, more string) []byte {
		return []byte(`{"id":"v1","type":"event.retracted","occurred_at":"2026-03-14T09:00:00Z","identifiers":[{"namespace":"card","value":"2990001234567"},
			{"namespace":"email","value":"A@Example.org"},{"namespace":"email","value":"nobody"}],"data":{"id":"s1","type":"` + typ + `"` + more + `}}`)
	}
	const offer = `,"soft_optin":[{"point":{"namespace":"phone","value":"0612345679"},"family":"shoes","notice":{"id":"n"}}]`
	sale, _ := decoder(t).Decode(saleWith("sale", shoesOffer), origin(t, "store"), received)
	_, _, sold := sale.Stamp(pseudonyms{}, noStamps)
	for typ, n := range map[string]int{"sale": 2, "order.placed": 2, "customer.recorded": 2, "return": 0, "identifier.provided": 0} {
		draft, rejection := decoder(t).Decode(retraction(typ, offer), origin(t, "store"), received)
		require.Nil(t, rejection, "%+v", rejection)
		require.Empty(t, draft.Dropped())
		e, _, back := draft.Stamp(pseudonyms{}, noStamps)
		require.Len(t, back, n, typ)
		require.Empty(t, e.GetOffered(), "what is taken back offers nothing")
		for i, x := range back {
			require.Equal(t, []string{"s1", "sale_retracted", "withdraw", ""}, []string{x.GetId(), x.GetPurpose(), x.GetDecision(), x.GetChannel()})
			require.EqualValues(t, 1773478800, x.GetDecidedAt())
			require.Equal(t, []string{"email", "phone"}[i], x.GetPoint().GetNamespace())
		}
		if n > 0 {
			require.Equal(t, sold[1].GetPoint().GetPseudonym(), back[0].GetPoint().GetPseudonym(), "the point of the sale")
			require.Equal(t, back[0].GetId()+"#1", sold[1].GetId(), "and its event")
		}
	}
	_, rejection := decoder(t).Decode(retraction("sale", strings.Replace(offer, "0612345679", "12", 1)), origin(t, "store"), received)
	require.NotNil(t, rejection)
	require.Equal(t, "/data/soft_optin/0/point/value", rejection.Field)
}

// A master file brings the sales of before, each with its own date; without one, or with one that cannot be, it is refused.
func TestSoftOptIn_ofAMasterFile(t *testing.T) {
	t.Parallel()
	record := func(soldAt string) []byte {
		return []byte(`{"id":"c1","type":"customer.recorded","occurred_at":"2026-03-01T00:00:00Z","identifiers":[{"namespace":"customer","value":"C-1"}],"data":{"soft_optin":[` +
			strings.Replace(shoesOffer, `"family"`, soldAt+`"family"`, 1) + `]}}`)
	}
	draft, rejection := decoder(t).Decode(record(`"sold_at":"2025-06-01T12:00:00+02:00",`), origin(t, "store"), received)
	require.Nil(t, rejection, "%+v", rejection)
	require.Empty(t, draft.Dropped())
	_, _, decisions := draft.Stamp(pseudonyms{}, noStamps)
	require.Len(t, decisions, 1)
	require.Equal(t, "soft_optin:shoes", decisions[0].GetPurpose())
	require.EqualValues(t, 1748772000, decisions[0].GetDecidedAt(), "when it was sold, not when the file was made")
	require.False(t, decisions[0].GetCarried(), "a sale is a fact, no consent that could be carried")
	for _, bad := range []string{"", `"sold_at":"2031-01-01T00:00:00Z",`, `"sold_at":"1999-01-01T00:00:00Z",`, `"sold_at":"June",`} {
		_, rejection := decoder(t).Decode(record(bad), origin(t, "store"), received)
		require.NotNil(t, rejection, bad)
		require.Equal(t, "/data/soft_optin/0/sold_at", rejection.Field, bad)
	}
}
