package consentapi_test

import (
	"errors"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rcu/pkg/consent"
	"rcu/pkg/identifier"
)

func (r *rig) verified(receipt any) answer {
	r.t.Helper()
	return r.post("/v1/receipts/verify", "privacy", fields{"receipt": receipt, "point": point("email", mail)})
}

// The receipt of a grant that waits for its confirmation is genuine, and permits nothing.
func TestReceipts_ofWhatWaits(t *testing.T) {
	r := newRig(t)
	a := r.post("/v1/consents", "service", grant(fields{"act": "web_form", "proof": fields{"type": "served_notice", "sha256": strings.Repeat("cd", 32)}}))
	require.Equal(t, 202, a.Code, a.Body)
	require.Equal(t, fields{"valid": true, "current": false}, r.verified(a.json()["receipts"].([]any)[0]).json())
}

// A wish that was taken back since is what was wished once.
func TestReceipts_ofWishes(t *testing.T) {
	r := newRig(t)
	path := r.preferences("email", mail)
	r.chosen(path, "do", "pause")
	link := regexp.MustCompile(`/v1/consents/[A-Za-z0-9_-]+/receipt`).FindString(r.do("GET", path, "", nil).Body.String())
	receipt := r.do("GET", link, "", nil).json()
	require.Equal(t, fields{"valid": true, "current": true}, r.verified(receipt).json())
	r.pass(time.Minute)
	r.chosen(path, "do", "resume")
	require.Equal(t, "receipt_overtaken", r.verified(receipt).reason())
}

// What stands for a person in receipts is another text with every controller: two of them cannot tell that they have the same customer.
func TestReceipts_areOfOneController(t *testing.T) {
	r := newRig(t)
	subject := func(controller string) any {
		a := r.post("/v1/consents", "service+", grant(fields{"controller": controller}))
		require.Equal(t, 200, a.Code, a.Body)
		return a.json()["receipts"].([]any)[0].(fields)["subject"]
	}
	require.NotEqual(t, subject("retail"), subject("digital"))
}

// Where nobody knows whose a point is, what was refused for the whole person and what closes a record hold at the very point already, and the caller is told to
// send it again.
func TestWhoseAPointIs_cannotBeRead(t *testing.T) {
	for name, send := range map[string]func(*rig) answer{
		"denial": func(r *rig) answer {
			return r.post("/v1/consents", "service", withdrawal(fields{"whole_person": true}))
		},
		"overlay": func(r *rig) answer {
			return r.post("/v1/overlays", "privacy", fields{"point": point("email", mail), "overlay": "restricted"})
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := granted(t)
			r.people[r.key(identifier.Email, mail)] = []identifier.Key{r.key(identifier.Phone, mobile)}
			r.graph = errors.New("the graph cannot be read")
			a := send(r)
			require.Equal(t, 503, a.Code)
			require.Equal(t, "person_unreadable", a.reason())
			require.False(t, r.mailing(), "the point itself")
			r.graph = nil
			require.Equal(t, 200, send(r).Code)
			require.False(t, r.mailing())
			if name == "overlay" {
				require.False(t, r.allowed(identifier.Phone, mobile, "retail", consent.UnifyCore, ""), "the other points as well")
			}
		})
	}
}
