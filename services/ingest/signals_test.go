package ingest_test

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rcu/pkg/consent"
	"rcu/pkg/identifier"
	"rcu/pkg/resolve"
	"rcu/pkg/stream"
	"rcu/pkg/tcf"
)

// Consent strings made by the encoder of pkg/tcf's tests.
const (
	tcfAll         = "CQhE_BAQhE_BAEsACBFRB4FoAP_AAAAAAAqIABEAAAAA.IABm.f_gAAAAAAAAA"
	tcfDay         = "CQhDnIAQhDnIAEsACBFRB4FoAP_AAAAAAAqIABEAAAAA.IABm.f_gAAAAAAAAA"
	tcfNone        = "CQhFMMwQhFMMwEsACBFRB4FgAAAAAAAAAAqIAAAAAAAA.IABm.YAAAAAAAAAAA"
	tcfOld         = "CQOQm8AQOQm8AEsACBFRB4FoAP_AAAAAAAqIABEAAAAA.IABm.f_gAAAAAAAAA"
	tcfFuture      = "CQhUF0AQhUF0AEsACBFRB4FoAP_AAAAAAAqIABEAAAAA.IABm.f_gAAAAAAAAA"
	tcfPolicy      = "CQhDnIAQhDnIAEsACBFRB4CoAP_AAAAAAAqIABEAAAAA.IABm.f_gAAAAAAAAA"
	tcfNoVendors   = "CQhDnIAQhDnIAEsACBFRB4FoAP_AAAAAAAqIABEAAAAA.f_gAAAAAAAAA"
	tcfNoPublisher = "CQhDnIAQhDnIAEsACBFRB4FoAP_AAAAAAAqIABEAAAAA.IABm"
)

// seen is a page that a browser with this consent string saw.
func seen(id, cookie, at, tcString string) string {
	return strings.TrimSuffix(page(id, cookie, at), "}") + fmt.Sprintf(`,"signals":{"tcf":%q}}`, tcString)
}

// grants lists what was granted on Kafka.
func (r *rig) grants() (out []string) {
	for _, d := range r.decisions() {
		if d.GetDecision() == "grant" {
			out = append(out, d.GetPurpose())
		}
	}
	return out
}

func (r *rig) held(ns identifier.Namespace, value string) consent.Register {
	r.t.Helper()
	register, err := consent.DecodeRegister(r.register(ns, value).Value)
	require.NoError(r.t, err)
	return register
}

func TestTCF_grantsOnItsDevice_withProof(t *testing.T) {
	r := newRig(t, "web", nil)
	require.Equal(t, "accepted", statuses(r.send("web-1", seen("p1", "ck1", at11, tcfAll))))
	require.Equal(t, seconds(t, at10), r.events(stream.TopicEventsWeb)[0].GetIdentifiers()[0].GetStamp(), "collected under the choice of the string")
	ds := r.decisions()
	require.Len(t, ds, 5)
	digest := sha256.Sum256([]byte(tcfAll))
	for i, d := range ds {
		require.Equal(t, []any{"grant", "banner", "tc_string", digest[:], "tcf", "fr", "cmp 300.2 screen 1 list 120 policy 5"},
			[]any{d.GetDecision(), d.GetAct(), d.GetProofType(), d.GetProofSha256(), d.GetNoticeId(), d.GetNoticeLanguage(), d.GetNoticeVersion()})
		require.Equal(t, i == 0, d.GetTcString() == tcfAll, "kept once, untouched")
		require.Equal(t, time.Unix(seconds(t, at10), 0).UTC().AddDate(0, 0, 180).Unix(), d.GetExpiresAt())
	}
	require.Equal(t, "accepted", statuses(r.send("web-1", seen("p2", "ck1", late, tcfAll))))
	require.Len(t, r.decisions(), 5, "what the register knows is not decided again")
	require.Equal(t, "dropped:consent", statuses(r.send("web-1", page("p3", "ck2", at11))), "a string is about its own device")
	require.Equal(t, "dropped:consent", statuses(r.send("web-1", seen("p4", "ck1", at9, tcfAll))), "what was before the choice stays unlawful")
	require.Equal(t, "dropped:consent dropped:consent", statuses(r.send("web-1", list(page("p5", "ck1", at11), seen("p6", "ck1", late, tcfNone)))), "the later choice refuses, whatever comes first in the request")
}

func TestTCF_theChoiceOfADay_countsFromWhenItWasSeen(t *testing.T) {
	r := newRig(t, "web", nil)
	require.Equal(t, "accepted", statuses(r.send("web-1", seen("p1", "ck1", at10, tcfDay))))
	require.Equal(t, "dropped:consent", statuses(r.send("web-1", page("p2", "ck1", at9))), "nobody knows that the choice was earlier")
	require.Equal(t, "accepted", statuses(r.send("web-1", seen("p3", "ck1", at9, tcfDay))), "the browser carried the choice then")
	require.Equal(t, "accepted", statuses(r.send("web-1", page("p4", "ck1", at11))))
}

// It must hold 9: a string cut at every byte grants nothing, names the field, and the event goes on as denied.
func TestTCF_cutAtEveryByte_grantsNothing(t *testing.T) {
	r := newRig(t, "web", nil)
	r.send("web-1", decision("g", "cookie", "ck1", "unify_behaviour", "grant", at10))
	before := len(r.decisions())
	order := func(tcString string) string {
		return fmt.Sprintf(`{"id":"o","type":"order.placed","occurred_at":%q,"identifiers":[{"namespace":"customer","value":"C1"},{"namespace":"cookie","value":"ck1"}],
			"data":{"total":{"amount":100,"currency":"EUR"}},"signals":{"tcf":%q}}`, at11, tcString)
	}
	whole, err := tcf.Decode(tcfAll)
	require.NoError(t, err)
	padding := 0
	for n := 1; n < len(tcfAll); n++ {
		if cut, err := tcf.Decode(tcfAll[:n]); err == nil && cut.Publisher != nil { // padding alone was cut off
			require.Equal(t, whole, cut)
			padding++
			continue
		}
		a := r.send("web-1", list(seen("p", "ck1", at11, tcfAll[:n]), order(tcfAll[:n])))
		require.Equal(t, "dropped:consent accepted", statuses(a), "cut to %d", n)
		for _, result := range a.Results {
			require.NotNil(t, result.Signal)
			require.Equal(t, "/signals/tcf", result.Signal.Field)
			require.NotEmpty(t, result.Signal.Fix)
		}
	}
	require.LessOrEqual(t, padding, 1)
	require.Len(t, r.decisions(), before, "nothing was decided")
	for _, e := range r.events(stream.TopicEventsWeb) {
		require.Len(t, e.GetIdentifiers(), 1, "the order is kept, without its device")
	}
	require.Equal(t, "accepted", statuses(r.send("web-1", page("p", "ck1", at11))), "a string that cannot be read is no denial of the person")
	require.NotContains(t, r.logs.String(), tcfAll[:20])
}

func TestTCF_stringsThatDoNotCount(t *testing.T) {
	r := newRig(t, "web", nil)
	two := strings.Replace(seen("p", "ck1", at11, tcfAll), `"identifiers":[`, `"identifiers":[{"namespace":"cookie","value":"ck2"},`, 1)
	for reason, body := range map[string]string{
		"tcf_expired": seen("p", "ck1", at11, tcfOld), "tcf_in_future": seen("p", "ck1", at11, tcfFuture), "tcf_old_policy": seen("p", "ck1", at11, tcfPolicy),
		"tcf_no_vendors": seen("p", "ck1", at11, tcfNoVendors), "tcf_no_publisher": seen("p", "ck1", at11, tcfNoPublisher),
		"tcf_unreadable": seen("p", "ck1", at11, "C"+tcfAll), "tcf_devices": two,
	} {
		a := r.send("web-1", body)
		require.Equal(t, "dropped:consent", statuses(a), reason)
		require.Equal(t, reason, a.Results[0].Signal.Reason)
		require.Contains(t, r.metrics(), `rcu_ingestor_signal_problems_total{channel="web",reason="`+reason+`"} 1`)
	}
	require.Empty(t, r.decisions())
}

// What is muted is refused whatever its register says and whether that can be read, so that no judge of held events ever meets it.
func TestTCF_muted_isRefusedAtOnce_andNeverHeld(t *testing.T) {
	for name, spoil := range map[string]func(*rig){
		"granted": func(r *rig) { r.send("web-1", decision("g", "cookie", "ck1", "unify_behaviour", "grant", at9)) },
		"damaged": func(r *rig) {
			c := r.register(identifier.Cookie, "ck1")
			c.Value = []byte("\xff\xffnonsense")
			written, err := r.cells.CommitCells(t.Context(), []resolve.Cell{c})
			require.NoError(t, err)
			require.True(t, written[0])
		},
		"away": func(r *rig) { r.cells.away.Store(true) },
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, "web", nil)
			spoil(r)
			two := strings.Replace(seen("two", "ck1", at11, tcfAll), `"identifiers":[`, `"identifiers":[{"namespace":"cookie","value":"ck2"},`, 1)
			a := r.send("web-1", list(
				seen("cut", "ck1", at11, tcfAll[:30]), seen("old", "ck1", at11, tcfOld), seen("future", "ck1", at11, tcfFuture), seen("policy", "ck1", at11, tcfPolicy),
				seen("vendors", "ck1", at11, tcfNoVendors), seen("publisher", "ck1", at11, tcfNoPublisher), two,
			))
			require.Equal(t, strings.TrimSpace(strings.Repeat("dropped:consent ", 7)), statuses(a))
			require.Empty(t, r.producer.of(stream.TopicHeld))
			require.Empty(t, r.producer.of(stream.TopicEventsWeb))
		})
	}
}

// A string in whose bits a card number or an account number can be read is none.
func TestTCF_looksLikeACardNumber_isNoSecret(t *testing.T) {
	r := newRig(t, "web", nil)
	for _, text := range []string{"4111111111111111", "FR7630006000011234567890189"} {
		a := r.send("web-1", seen("p", "ck1", at11, text))
		require.Equal(t, "dropped:consent", statuses(a))
		require.Equal(t, "tcf_unreadable", a.Results[0].Signal.Reason)
	}
}

func TestTCF_redisAway_holdsThePage_takesTheSale_Kafka_hasTheChoice(t *testing.T) {
	r := newRig(t, "web", nil)
	r.cells.away.Store(true)
	order := strings.Replace(goodOf("web", "o"), `{"id"`, `{"identifiers":[{"namespace":"cookie","value":"ck1"}],"signals":{"tcf":"`+tcfNone+`"},"id"`, 1)
	require.Equal(t, "accepted:held accepted", statuses(r.send("web-1", list(seen("p", "ck1", at11, tcfAll), order))), "a refusal by signal holds no sale up")
	require.Len(t, r.grants(), 5)
	require.Len(t, r.decisions(), 10)
	require.Equal(t, "dropped:consent", statuses(r.send("web-1", seen("p2", "ck1", at11, tcfAll[:30]))), "what cannot be read needs no register")
}

func TestGPC_refusesAdvertisingAndSharing_ofTheDevice(t *testing.T) {
	for name, send := range map[string]func(*rig, string){
		"header": func(r *rig, body string) {
			req := r.request("web-1", body)
			req.Header.Set("Sec-GPC", "1")
			require.Equal(t, 200, r.do(req).Code)
		},
		"field": func(r *rig, body string) { r.send("web-1", strings.TrimSuffix(body, "}")+`,"signals":{"gpc":true}}`) },
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, "web", nil)
			carried := func(id, purpose string) string {
				return fmt.Sprintf(`{"id":%q,"type":"consent.decided","occurred_at":%q,"consent":[{"point":{"namespace":"cookie","value":"ck1"},"purpose":%q,"decision":"grant","method":"carried"}]}`, id, at9, purpose)
			}
			r.send("web-1", list(carried("c1", "share_partner:acme"), carried("c2", "ads_custom_audience:net"), decision("g", "cookie", "ck1", "share_partner:chosen", "grant", at9)))
			send(r, page("p", "ck1", at11))
			register := r.held(identifier.Cookie, "ck1")
			for purpose, want := range map[consent.Purpose]bool{"share_partner:acme": false, "ads_custom_audience:net": false, "share_partner:chosen": true} {
				require.Equal(t, want, register.AllowedAt(purpose, "", seconds(t, late)), purpose)
			}
			count := len(r.decisions())
			send(r, page("p2", "ck1", late))
			require.Len(t, r.decisions(), count, "the same signal decides once")
			var acts []string
			for _, d := range r.decisions() {
				if d.GetDecision() == "refuse" {
					acts = append(acts, d.GetAct())
				}
			}
			require.Equal(t, []string{"gpc", "gpc"}, acts)
			r.send("web-1", decision("g2", "cookie", "ck1", "share_partner:acme", "grant", late))
			send(r, page("p3", "ck1", late))
			require.True(t, r.held(identifier.Cookie, "ck1").AllowedAt("share_partner:acme", "", received.Unix()), "a later choice of the person wins")
		})
	}
	t.Run("only 1 says something", func(t *testing.T) {
		r := newRig(t, "web", nil)
		req := r.request("web-1", page("p", "ck1", at11))
		req.Header.Set("Sec-GPC", "0")
		require.Equal(t, 200, r.do(req).Code)
		require.Empty(t, r.decisions())
	})
}

func TestGate_countsWhatItRefused_byPurpose(t *testing.T) {
	r := newRig(t, "web", nil)
	order := strings.Replace(goodOf("web", "o"), `{"id"`, `{"identifiers":[{"namespace":"cookie","value":"ck1"},{"namespace":"cookie","value":"ck2"}],"id"`, 1)
	r.send("web-1", list(page("p", "ck1", at11), page("q", "ck2", at11), order))
	r.cells.away.Store(true)
	r.send("web-1", page("h", "ck1", at11))
	for effect, n := range map[string]int{"dropped": 2, "stripped": 2, "held": 1} {
		require.Contains(t, r.metrics(), fmt.Sprintf(`rcu_gate_refused_total{effect=%q,gate="G1",purpose="unify_behaviour"} %d`, effect, n))
	}
}

func TestResult_signal_isInTheAnswer(t *testing.T) {
	r := newRig(t, "web", nil)
	w := r.do(r.request("web-1", seen("p", "ck1", at11, "nonsense")))
	var body struct {
		Results []map[string]any
	}
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &body))
	require.Equal(t, map[string]any{"field": "/signals/tcf", "reason": "tcf_unreadable", "fix": "send the consent string whole and unchanged, version 2"}, body.Results[0]["signal"])
}
