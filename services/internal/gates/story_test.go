package gates_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"rcu/pkg/consent"
	"rcu/pkg/warehouse"
	eventpb "rcu/schemas/event"
	"rcu/services/internal/gates"
)

func told(f gates.Found) string {
	var out []string
	for _, s := range gates.Tell(gates.EN, "e1", "shop", f).Steps {
		out = append(out, strings.TrimSpace(s.Gate+" "+string(s.Did)+" "+s.Purpose))
	}
	return strings.Join(out, " · ")
}

func stored(behaviour bool, written, owner string, mask consent.Mask) *warehouse.StoredEvent {
	return &warehouse.StoredEvent{Source: "shop", EventID: "e1", Type: "page.viewed", Behaviour: behaviour, Written: written, Owner: owner, Permissions: uint64(mask)}
}

func TestTell_whatEachGateDid(t *testing.T) {
	core := consent.MaskOf(consent.UnifyCore)
	both := consent.MaskOf(consent.UnifyCore, consent.UnifyBehaviour)
	retracted := stored(false, "a", "a", core)
	retracted.Retracted = true
	for want, f := range map[string]gates.Found{
		"G1 not_stored":           {},
		"G1 held unify_behaviour": {Held: &eventpb.Held{}},
		"rejected":                {Dead: &eventpb.DeadLetter{Stage: "ingest", Reason: "bad_form", Field: "/type"}},
		"G1 collected unify_behaviour · G2 linked unify_core · G3 row · G4 shown_under_purpose unify_behaviour":   {Stored: stored(true, "a", "a", both)},
		"G1 collected unify_behaviour · G2 unlinked unify_behaviour · G3 row_without_person · G4 shown_to_nobody": {Stored: stored(true, "", "", core)},
		"G1 collected · G2 linked unify_core · G3 row · G4 shown_under_purpose unify_core":                        {Stored: stored(false, "a", "b", core)},
		"G1 collected · G2 unlinked unify_core · G3 row_without_person · G4 shown_to_nobody":                      {Stored: stored(false, "", "", 0)},
		"G1 collected · G2 unlinked · G3 row_without_person · G4 shown_to_nobody":                                 {Stored: stored(false, "", "", core)},
		"G1 collected unify_behaviour · G2 unlinked · G3 row · G4 shown_to_nobody":                                {Stored: stored(true, "a", "", both)},
	} {
		require.Equal(t, want, told(f))
	}
	story := gates.Tell(gates.EN, "e1", "", gates.Found{Stored: retracted})
	require.Contains(t, story.Steps[2].Words, "taken back")
	retracted.Written, retracted.Owner = "", ""
	require.Contains(t, gates.Tell(gates.EN, "e1", "", gates.Found{Stored: retracted}).Steps[2].Words, "taken back", "also of nobody")
}

// A row whose person is another one now, or nobody, is told so: what ClickHouse was written with is not what it shows.
func TestTell_rowsThatMoved(t *testing.T) {
	words := func(owner string) string {
		return gates.Tell(gates.EN, "e1", "", gates.Found{Stored: stored(false, "a", owner, consent.MaskOf(consent.UnifyCore))}).Steps[2].Words
	}
	require.Contains(t, words("b"), "belongs to b since")
	require.Contains(t, words(""), "belongs to nobody since")
	require.NotContains(t, words("a"), "since")
}

// Whose event it was is told of what is stored, held and rejected, where nobody said it; of what was rejected also why.
func TestTell_sources(t *testing.T) {
	for _, f := range []gates.Found{
		{Stored: stored(false, "a", "a", 0)}, {Held: &eventpb.Held{Source: "shop"}}, {Dead: &eventpb.DeadLetter{Source: "shop", Stage: "ingest", Reason: "bad_form", Field: "/type"}},
	} {
		story := gates.Tell(gates.EN, "e1", "", f)
		require.Equal(t, "shop", story.Source)
		if f.Dead != nil {
			require.Contains(t, story.Steps[0].Words, "at ingest: bad_form /type")
		}
	}
}

// The grants that devices were kept under, and what stood together, are told from the record on Kafka; no value and no whole pseudonym is.
func TestTell_detailsOfTheRecord(t *testing.T) {
	e := &eventpb.Event{Identifiers: []*eventpb.Identifier{
		{Namespace: "cookie", Pseudonym: []byte("0123456789abcdef"), Stamp: 1773482400}, {Namespace: "email", Pseudonym: []byte("fedcba9876543210")},
	}}
	story := gates.Tell(gates.EN, "e1", "", gates.Found{Stored: stored(true, "a", "a", consent.MaskOf(consent.UnifyCore, consent.UnifyBehaviour)), Event: e})
	require.Equal(t, []string{"cookie 30313233: kept, granted at 2026-03-14T10:00:00Z"}, story.Steps[0].Details)
	require.Len(t, story.Steps[1].Details, 1)
	require.Contains(t, story.Steps[1].Details[0], "cookie 30313233 and email 66656463 stood together")
	e.Identifiers[0].Stamp = 0
	story = gates.Tell(gates.EN, "e1", "", gates.Found{Stored: stored(false, "a", "a", consent.MaskOf(consent.UnifyCore)), Event: e})
	require.Equal(t, []string{"it kept no device"}, story.Steps[0].Details, "nothing was granted there")
	gone := gates.Tell(gates.EN, "e1", "", gates.Found{Stored: stored(true, "a", "a", 0)})
	require.Contains(t, gone.Steps[0].Details[0], "not stored any more")
}

// Both languages say something for every step, and not the same.
func TestTell_bothLanguages(t *testing.T) {
	for _, f := range []gates.Found{{}, {Held: &eventpb.Held{}}, {Dead: &eventpb.DeadLetter{}}, {Stored: stored(true, "a", "b", 0)}, {Stored: stored(false, "", "", 255)}} {
		en, fr := gates.Tell(gates.EN, "e1", "shop", f), gates.Tell(gates.FR, "e1", "shop", f)
		require.Len(t, fr.Steps, len(en.Steps))
		for i := range en.Steps {
			require.NotEmpty(t, en.Steps[i].Words)
			require.NotEqual(t, en.Steps[i].Words, fr.Steps[i].Words)
			require.NotContains(t, en.Steps[i].Words+fr.Steps[i].Words, "%!")
			require.NotEmpty(t, gates.FR.Title(en.Steps[i].Gate))
		}
		raw, err := json.Marshal(en)
		require.NoError(t, err)
		require.Contains(t, string(raw), `"steps":[`)
	}
}
