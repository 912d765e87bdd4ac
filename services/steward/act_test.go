package steward

import (
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"

	"rcu/pkg/identity"
	"rcu/pkg/resolve"
	"rcu/pkg/stream"
	eventpb "rcu/schemas/event"
)

const (
	mail    = "marie@example.org"
	cardOne = "2990001111111"
	cardTwo = "2990002222222"
)

// joined is a rig with an e-mail on a card, and another card of another controller.
func joined(t *testing.T) *rig {
	t.Helper()
	r := newRig(t)
	r.seen("shop", r.key("card", cardOne), r.key("email", mail))
	r.seen("spa", r.key("card", cardTwo))
	return r
}

func ban() Asked {
	return Asked{Op: "ban", A: email(mail), B: card(cardOne), Reason: "he wrote that it is his sister's address"}
}

func TestBan_isSeenBeforeDoneAndTakenBack(t *testing.T) {
	r := joined(t)
	one, address := r.key("card", cardOne), r.key("email", mail)
	require.Equal(t, one, r.naming(address))

	var p Preview
	r.do("anne", http.MethodPost, "/v1/acts/preview", Asked{Op: "ban", A: email(mail), B: card(cardOne)}).into(http.StatusOK, &p)
	require.Nil(t, p.Held)
	require.Len(t, p.Effect.Before, 1)
	require.Len(t, p.Effect.After, 2)
	require.Equal(t, "banned", p.Effect.Changes[0].Kind)
	require.Equal(t, one, r.naming(address), "a preview changes nothing")

	asked := ban()
	asked.ID, asked.Effect = "act-1", p.Effect.ID
	d := r.act("anne", asked)
	require.True(t, d.Effective)
	require.Equal(t, address, r.naming(address))
	require.Equal(t, "anne", d.Act.Actor)
	require.Equal(t, asked.Reason, d.Act.Reason)

	r.do("anne", http.MethodPost, "/v1/acts/preview", Asked{Undoes: "act-1"}).into(http.StatusOK, &p)
	require.Equal(t, "clear", p.Op)
	require.Equal(t, "act-1", p.Held.ID)
	require.Equal(t, "anne", p.Held.Actor)
	require.Len(t, p.Effect.After, 1)

	var back Done
	r.do("paul", http.MethodPost, "/v1/acts/act-1/undo", map[string]string{"id": "act-2", "reason": "it was his after all"}).into(http.StatusOK, &back)
	require.Equal(t, "clear", back.Act.Op)
	require.Equal(t, "act-1", back.Act.Undoes)
	require.Equal(t, one, r.naming(address))

	// Undoing the undoing brings the ban back.
	r.do("anne", http.MethodPost, "/v1/acts/act-2/undo", map[string]string{"reason": "no, it was not"}).into(http.StatusOK, &back)
	require.Equal(t, "ban", back.Act.Op)
	require.Equal(t, address, r.naming(address))

	held := r.do("paul", http.MethodPost, "/v1/acts/act-1/undo", map[string]string{"reason": "late"}).refused(http.StatusConflict, "act_moved").Held
	require.Equal(t, back.Act.ID, held.ID, "only the act that holds can be taken back")

	var h History
	r.do("anne", http.MethodGet, "/v1/acts?limit=2", nil).into(http.StatusOK, &h)
	require.Len(t, h.Acts, 2)
	require.Equal(t, "no, it was not", h.Acts[0].Reason)
	require.Equal(t, "act-2", h.Next)
	r.do("anne", http.MethodGet, "/v1/acts?after="+h.Next, nil).into(http.StatusOK, &h)
	require.Equal(t, "act-1", h.Acts[0].ID)
	require.Empty(t, h.Next)
	r.do("anne", http.MethodGet, "/v1/acts?identifier="+r.s.name(space, r.key("card", cardTwo)), nil).into(http.StatusOK, &h)
	require.Empty(t, h.Acts)
	r.do("other", http.MethodGet, "/v1/acts", nil).into(http.StatusOK, &h)
	require.Empty(t, h.Acts[0].Reason, "a reason is for those who answer for its controller")
}

func TestValue_isQuarantinedReleasedAndGoesByItself(t *testing.T) {
	r := joined(t)
	address := r.key("email", mail)
	standing := func() identity.Standing {
		v, err := r.graph.View(t.Context(), space, resolveKeys(address), time.Now().Unix())
		require.NoError(t, err)
		return v.Standing(address)
	}
	d := r.act("anne", Asked{Op: "quarantine", A: email(mail), Reason: "the till's"})
	require.Equal(t, identity.Quarantined, standing())
	d = r.act("anne", Asked{Op: "release", A: &End{Name: r.s.name(space, address)}, Reason: "no", Seen: &d.Act.ID})
	require.Equal(t, identity.Clean, standing())
	r.do("anne", http.MethodPost, "/v1/acts/"+d.Act.ID+"/undo", map[string]string{"reason": "back"}).into(http.StatusOK, &d)
	require.Equal(t, "quarantine", d.Act.Op)
	require.Equal(t, identity.Quarantined, standing())
}

func TestAct_sentAgainIsDoneOnce(t *testing.T) {
	r := joined(t)
	asked := ban()
	asked.ID = "same"
	first := r.act("anne", asked)
	again := r.act("anne", asked)
	require.True(t, again.Repeated)
	require.Equal(t, first.Act.At, again.Act.At)
	asked.Op = "together"
	r.do("anne", http.MethodPost, "/v1/acts", asked).refused(http.StatusConflict, "id_reused")
	asked = ban()
	asked.ID, asked.B = "same", card(cardTwo)
	r.do("anne", http.MethodPost, "/v1/acts", asked).refused(http.StatusConflict, "id_reused")
}

func TestTwoStewards_onOnePairAtOnce(t *testing.T) {
	r := joined(t)
	services := []*Service{r.s, r.start()}
	for round := range 10 {
		seen := ""
		if round > 0 {
			var h History
			r.do("anne", http.MethodGet, "/v1/acts?limit=1", nil).into(http.StatusOK, &h)
			seen = h.Acts[0].ID
		}
		op := []string{"ban", "together"}[round%2]
		var mu sync.Mutex
		codes := map[int]int{}
		var wg sync.WaitGroup
		for i := range 8 {
			wg.Go(func() {
				asked := ban()
				asked.Op, asked.Seen = op, &seen
				got := r.ask(services[i%2], []string{"anne", "paul"}[i%2], http.MethodPost, "/v1/acts", asked)
				mu.Lock()
				defer mu.Unlock()
				codes[got.Code]++
				if got.Code == http.StatusConflict {
					p := got.refused(http.StatusConflict, "act_moved")
					require.NotEmpty(t, p.Held.Actor)
					require.Equal(t, op, p.Held.Op)
				}
			})
		}
		wg.Wait()
		require.Equal(t, map[int]int{http.StatusOK: 1, http.StatusConflict: 7}, codes, "one is first, the others are told who")
		require.Eventually(t, func() bool { return len(services[0].book.acts) == round+1 && len(services[1].book.acts) == round+1 }, 5*time.Second, time.Millisecond)
	}
	require.Len(t, r.kafka.of(stream.TopicActs), 10)
}

func TestAct_thatCannotBePublishedIsDoneByTheNextTry(t *testing.T) {
	r := joined(t)
	asked := ban()
	asked.ID = "act-1"
	out := &failing{Output: r.kafka, topic: stream.TopicActs}
	r.s.deps.Output = out
	got := r.do("anne", http.MethodPost, "/v1/acts", asked)
	require.Equal(t, http.StatusServiceUnavailable, got.Code)
	require.Empty(t, r.kafka.of(stream.TopicActs))

	other := ban()
	other.Op = "together"
	held := r.do("paul", http.MethodPost, "/v1/acts", other).refused(http.StatusConflict, "act_moved").Held
	require.False(t, held.Effective, "it was claimed, and is not in the graph")

	out.topic = ""
	d := r.act("anne", asked)
	require.True(t, d.Effective)
	require.True(t, d.Repeated)
	require.Len(t, r.kafka.of(stream.TopicActs), 1)
}

func TestAct_whoseStewardIsGoneIsPublishedByWhoeverMeetsIt(t *testing.T) {
	r := joined(t)
	out := &failing{Output: r.kafka, topic: stream.TopicActs}
	r.s.deps.Output = out
	now := time.Now()
	require.Equal(t, http.StatusServiceUnavailable, r.do("anne", http.MethodPost, "/v1/acts", ban()).Code)
	out.topic = ""
	r.s.deps.Now = func() time.Time { return now.Add(time.Minute) }
	var p Preview
	r.do("paul", http.MethodPost, "/v1/acts/preview", ban()).into(http.StatusOK, &p)
	require.Equal(t, "anne", p.Held.Actor)
	require.Len(t, r.kafka.of(stream.TopicActs), 1)
	require.Equal(t, r.key("email", mail), r.naming(r.key("email", mail)))
}

func TestAct_isAcceptedWhileTheResolverIsAway(t *testing.T) {
	r := joined(t)
	r.kafka.set(func(k *kafka) { k.resolve = nil })
	var d Done
	r.do("anne", http.MethodPost, "/v1/acts", ban()).into(http.StatusAccepted, &d)
	require.False(t, d.Effective)
	require.Len(t, r.kafka.of(stream.TopicActs), 1)
}

func TestAct_comesBehindOneOfALaterClock(t *testing.T) {
	r := joined(t)
	a, b := r.key("email", mail), r.key("card", cardOne)
	ahead := time.Now().Add(time.Hour).Unix()
	carried := &identity.Act{ID: "till-1/e7#0", T: ahead, Op: identity.Together, A: a, B: b}
	_, err := r.graph.Apply(t.Context(), space, []identity.Fact{carried}, nil, time.Now().Unix())
	require.NoError(t, err)
	held := r.do("anne", http.MethodPost, "/v1/acts", ban()).refused(http.StatusConflict, "act_moved").Held
	require.Equal(t, "till-1/e7#0", held.ID)
	asked := ban()
	asked.Seen = &held.ID
	d := r.act("anne", asked)
	require.True(t, d.Effective)
	require.Equal(t, a, r.naming(a))
	r.do("anne", http.MethodPost, "/v1/acts/"+d.Act.ID+"/undo", map[string]string{"reason": "back"}).into(http.StatusOK, &d)
	require.Equal(t, "together", d.Act.Op, "what the event said holds again")
}

func TestAct_whoseEffectMovedIsRefused(t *testing.T) {
	r := joined(t)
	var p Preview
	r.do("anne", http.MethodPost, "/v1/acts/preview", ban()).into(http.StatusOK, &p)
	r.seen("shop", r.key("email", mail), r.key("phone", "+33611111111"))
	asked := ban()
	asked.Effect = p.Effect.ID
	now := r.do("anne", http.MethodPost, "/v1/acts", asked).refused(http.StatusConflict, "effect_moved")
	asked.Effect = now.Effect.ID
	r.act("anne", asked)
}

func TestBadInput(t *testing.T) {
	r := joined(t)
	for name, c := range map[string]struct {
		change func(*Asked)
		status int
		reason string
	}{
		"with itself":         {func(a *Asked) { a.B = email("MARIE@example.org") }, 400, "same_identifier"},
		"with itself by name": {func(a *Asked) { a.B = &End{Name: r.s.name(space, r.key("email", mail))} }, 400, "same_identifier"},
		"unknown identifier":  {func(a *Asked) { a.B = card("2990009999999") }, 404, "unknown_identifier"},
		"unknown name":        {func(a *Asked) { a.B = &End{Name: r.s.name(space, r.key("card", "x"))} }, 404, "unknown_identifier"},
		"an order":            {func(a *Asked) { a.B = &End{Namespace: "order", Value: "W1"} }, 400, "links_nobody"},
		"no namespace":        {func(a *Asked) { a.B = &End{Value: "W1"} }, 400, "unknown_namespace"},
		"no identifier":       {func(a *Asked) { a.A = email("nobody") }, 400, "not_an_identifier"},
		"bad name":            {func(a *Asked) { a.A = &End{Name: "zz"} }, 400, "bad_form"},
		"name and value":      {func(a *Asked) { a.A = &End{Name: strings.Repeat("0", 34), Value: "x"} }, 400, "too_many"},
		"no op":               {func(a *Asked) { a.Op = "merge" }, 400, "unknown_op"},
		"one end":             {func(a *Asked) { a.B = nil }, 400, "required"},
		"no end":              {func(a *Asked) { a.A = nil }, 400, "required"},
		"two for one":         {func(a *Asked) { a.Op = "quarantine" }, 400, "too_many"},
		"no reason":           {func(a *Asked) { a.Reason = "" }, 400, "required"},
		"long reason":         {func(a *Asked) { a.Reason = strings.Repeat("é", 1001) }, 400, "required"},
		"long id":             {func(a *Asked) { a.ID = strings.Repeat("x", 129) }, 400, "bad_form"},
		"undoes":              {func(a *Asked) { a.Undoes = "x" }, 400, "too_many"},
		"unseen":              {func(a *Asked) { a.Seen = new("x") }, 409, "act_moved"},
		"stale effect":        {func(a *Asked) { a.Effect = "x" }, 409, "effect_moved"},
	} {
		t.Run(name, func(t *testing.T) {
			a := ban()
			c.change(&a)
			got := r.do("anne", http.MethodPost, "/v1/acts", a)
			got.refused(c.status, c.reason)
			require.NotContains(t, got.Body.String(), "marie")
		})
	}
	for _, body := range []string{"", "{", `{"op":"ban"} x`, `{"oops":1}`, "[]", `{"op":1}`, "\xff"} {
		r.do("anne", http.MethodPost, "/v1/acts", body).refused(400, "invalid_json")
		r.do("anne", http.MethodPost, "/v1/acts/preview", body).refused(400, "invalid_json")
	}
	require.Equal(t, "/*", r.do("anne", http.MethodPost, "/v1/acts", `{"oops":1}`).refused(400, "invalid_json").Field)
	r.do("anne", http.MethodPost, "/v1/acts", strings.Repeat("x", maxBody+1)).refused(413, "body_too_large")
	r.do("anne", http.MethodPost, "/v1/acts/none/undo", map[string]string{"reason": "x"}).refused(404, "unknown_act")
	r.do("anne", http.MethodGet, "/v1/acts?limit=0", nil).refused(400, "bad_form")
	r.do("anne", http.MethodGet, "/v1/acts?email=a", nil).refused(400, "query_not_allowed")
	r.do("anne", http.MethodGet, "/v1/acts?after=zz", nil).refused(404, "unknown_act")
	r.do("anne", http.MethodGet, "/v1/acts?identifier=zz", nil).refused(400, "bad_form")
	r.do("seller", http.MethodGet, "/v1/acts", nil).refused(403, "role")
	r.do("", http.MethodGet, "/v1/acts", nil).refused(401, "no_key")
	r.do("nobody", http.MethodGet, "/v1/acts", nil).refused(401, "unknown_key")
	require.Empty(t, r.kafka.of(stream.TopicActs), "nothing was half done")
	require.Equal(t, r.key("card", cardOne), r.naming(r.key("email", mail)))

	clear := ban()
	clear.Op = "ban"
	clear.A = card(cardTwo)
	r.do("other", http.MethodPost, "/v1/acts", clear).refused(404, "unknown_identifier")
	r.do("paul", http.MethodPost, "/v1/acts", clear).refused(404, "unknown_identifier")
}

func TestAudit_tellsOfEveryActOnceAndBeforeItIsDone(t *testing.T) {
	r := joined(t)
	asked := ban()
	asked.ID = "act-1"
	r.do("anne", http.MethodPost, "/v1/acts/preview", ban())
	r.act("anne", asked)
	r.do("paul", http.MethodPost, "/v1/acts", ban())
	r.do("seller", http.MethodPost, "/v1/acts", ban())
	r.do("anne", http.MethodGet, "/v1/acts", nil)
	require.Eventually(t, func() bool { return len(r.kafka.of(stream.TopicAudit)) == 5 }, 5*time.Second, time.Millisecond)
	var got [][]string
	for _, rec := range r.kafka.of(stream.TopicAudit) {
		var a eventpb.Audit
		require.NoError(t, proto.Unmarshal(rec.Value, &a))
		got = append(got, []string{a.GetAction(), a.GetActor(), a.GetOutcome()})
		if a.GetAction() == "act" && a.GetOutcome() == "ok" {
			require.Equal(t, "act-1", a.GetAct())
			require.ElementsMatch(t, []string{r.s.name(space, r.key("email", mail)), r.s.name(space, r.key("card", cardOne))}, []string{a.GetRcuId(), a.GetOther()})
		}
	}
	require.Equal(t, [][]string{{"preview", "anne", "ok"}, {"act", "anne", "ok"}, {"act", "paul", "conflict"}, {"act", "seller", "denied"}, {"acts", "anne", "ok"}}, got)

	r.kafka.set(func(k *kafka) { k.fail = errAway })
	require.Eventually(t, func() bool {
		return r.do("anne", http.MethodGet, "/v1/acts", nil).Code == http.StatusServiceUnavailable
	}, 5*time.Second, time.Millisecond)
}

func TestNothingPersonalIsWritten(t *testing.T) {
	r := joined(t)
	asked := ban()
	asked.Reason = "called by Marie Durand, 06 11 22 33 44"
	d := r.act("anne", asked)
	require.Equal(t, asked.Reason, d.Act.Reason)
	for _, rec := range r.kafka.records {
		for _, text := range []string{"Marie", "marie", mail, cardOne, "06 11"} {
			require.NotContains(t, string(rec.Value)+string(rec.Key), text, rec.Topic)
		}
	}
	require.NotContains(t, r.logs.String(), "Marie")
	// The key of the subject destroys the reason.
	m := r.s.book.find(space, d.Act.ID)
	a, _ := ends(m)
	cells, err := r.cells.LoadCells(t.Context(), []string{resolve.SubjectKeyCell(space, m.GetController(), a)})
	require.NoError(t, err)
	cells[0].Value = nil
	_, err = r.cells.CommitCells(t.Context(), cells)
	require.NoError(t, err)
	var h History
	r.do("anne", http.MethodGet, "/v1/acts", nil).into(http.StatusOK, &h)
	require.Empty(t, h.Acts[0].Reason)
}
