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
		_, _, decisions := draft.Stamp(pseudonyms{}, noStamps)
		require.Len(t, decisions, 3)
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
