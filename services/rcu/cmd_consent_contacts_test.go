package main

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"rcu/pkg/resolve/statemem"
	"rcu/pkg/resolve/stateredis"
	"rcu/pkg/testkit"
	"rcu/pkg/vault"
	"rcu/schemas"
	"rcu/services/internal/boot"
)

// The golden example: what is asked before contacts, and what is answered.
func TestConsentDecide_contactsExample(t *testing.T) {
	read := func(name string) string {
		raw, err := fs.ReadFile(schemas.Files, "consent/"+name)
		require.NoError(t, err)
		return string(raw)
	}
	asked := filepath.Join(t.TempDir(), "contacts.jsonl")
	require.NoError(t, os.WriteFile(asked, []byte(read("contacts.example.jsonl")), 0o600))
	args := []string{"consent", "decide", "--at", "2026-06-01T12:00:00Z", "--known-at", "2026-06-01T12:00:00Z", "--contacts", asked, "-"}
	got, err := decide(t, read("example.jsonl"), append([]string{"--json"}, args...)...)
	require.NoError(t, err)
	require.Equal(t, read("contacts.answers.jsonl"), got)
	got, err = decide(t, read("example.jsonl"), args...)
	require.NoError(t, err)
	require.Len(t, strings.Split(strings.TrimSpace(got), "\n"), 1+strings.Count(read("contacts.example.jsonl"), "\n"), "a row each, and the names of the columns")
}

// Figures of one's own, and flags that do not fit.
func TestConsentDecide_contactsFlags(t *testing.T) {
	dir := t.TempDir()
	write := func(name, content string) string {
		path := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
		return path
	}
	facts := `{"kind":"decision","id":"d1","controller":"retail","point":{"namespace":"email","value":"a"},"purpose":"marketing","channel":"email","decision":"grant","act":"app","decided_at":"2026-01-10T10:00:00Z","notice":{"id":"marketing","version":"1","language":"fr"},"proof":{"type":"signature","sha256":"` + strings.Repeat("a", 64) + `"}}`
	line := `{"id":"m","controller":"retail","point":{"namespace":"email","value":"a"},"channel":"email","purpose":"marketing","at":"2026-03-02T10:00:00Z"}`
	asked := write("contacts.jsonl", "\n"+line+"\n")
	never := write("rules.yaml", "caps: [{most: 0, hours: 1, source: nobody is contacted}]\n")
	got, err := decide(t, facts, "consent", "decide", "--contacts", asked, "--rules", never, "-")
	require.NoError(t, err)
	require.Contains(t, strings.Join(strings.Fields(got), " "), "m email:a email reserve 2026-03-02T10:00:00Z no cap - nobody is contacted")
	for name, c := range map[string]struct {
		want string
		args []string
	}{
		"rules alone":        {"--rules", []string{"--rules", never}},
		"a flag of the line": {"--contacts", []string{"--contacts", asked, "--channel", "email"}},
		"no such place":      {"--place", []string{"--contacts", asked, "--place", "Paris"}},
		"no such file":       {"contacts", []string{"--contacts", dir + "/none"}},
		"no such rules":      {"rules", []string{"--contacts", asked, "--rules", dir + "/none"}},
		"stdin twice":        {"--contacts", []string{"--contacts", "-"}},
		"other controller":   {"contacts: line 2: field controller", []string{"--contacts", asked, "--controller", "digital"}},
		"bad line":           {"contacts: line 1: field channel: does not reach the point", []string{"--contacts", write("bad.jsonl", strings.Replace(line, `"channel":"email"`, `"channel":"sms"`, 1))}},
	} {
		out, err := decide(t, facts, append(append([]string{"consent", "decide"}, c.args...), "-")...)
		var usage *boot.UsageError
		require.ErrorAs(t, err, &usage, name)
		require.ErrorContains(t, err, c.want, name)
		require.Empty(t, out, name)
	}
}

// answersOf runs the command over a history and returns what differs from the answers of the service; empty: nothing.
func answersOf(t testing.TB, h contactHistory) string {
	t.Helper()
	asked := filepath.Join(t.TempDir(), "contacts.jsonl")
	require.NoError(t, os.WriteFile(asked, []byte(h.file(t, h.questions)), 0o600))
	var out strings.Builder
	err := run(t.Context(), boot.IO{Args: []string{"--json", "consent", "decide", "--contacts", asked, "-"}, Stdin: strings.NewReader(h.file(t, h.facts)), Stdout: &out, Stderr: &out})
	if err != nil {
		return err.Error()
	}
	answers := json.NewDecoder(strings.NewReader(out.String()))
	for i, want := range h.answers {
		var got contacted
		require.NoError(t, answers.Decode(&got))
		if !reflect.DeepEqual(want, got.Answer) {
			return fmt.Sprintf("%v:\nthe service said %s\nthe command    %s", h.questions[i], inJSON(t, want), inJSON(t, got.Answer))
		}
	}
	require.False(t, answers.More())
	return ""
}

func inJSON(t testing.TB, v any) string {
	t.Helper()
	raw, err := json.Marshal(v)
	require.NoError(t, err)
	return string(raw)
}

// tellContacts draws a history over stores of one test.
func tellContacts(r *rapid.T, ring *vault.Keyring, space string, begin time.Time, open func(*contactWorld) contactStores) contactHistory {
	s := &contactStory{r: rand.New(rand.NewPCG(rapid.Uint64().Draw(r, "seed"), rapid.Uint64().Draw(r, "stream"))), people: contactPeople}
	s.contactWorld = newContactWorld(r, ring, space, begin, contactPeople, open)
	s.tell()
	return s.contactHistory
}

func inMemory(w *contactWorld) contactStores {
	return contactStores{statemem.NewGraph(), statemem.NewCells(), statemem.NewContacts(func() time.Time { return w.now })}
}

func keyring(t testing.TB) *vault.Keyring {
	t.Helper()
	ring, _, err := vault.LoadOrCreate(filepath.Join(t.TempDir(), "keys"))
	require.NoError(t, err)
	return ring
}

// drawContacts draws histories in memory.
func drawContacts(ring *vault.Keyring) *rapid.Generator[contactHistory] {
	return rapid.Custom(func(r *rapid.T) contactHistory {
		return tellContacts(r, ring, "group", rapid.SampledFrom(contactDays).Draw(r, "begin"), inMemory)
	})
}

// Whatever happened, the command answers from a file what the service answered when it was asked: at the reservation and at the hand-over, with the same reason,
// source, next time and proof, though the file knows what came later.
func TestConsentDecide_saysWhatTheServiceSaid(t *testing.T) {
	histories, reasons := drawContacts(keyring(t)), map[string]int{}
	all := []string{"no_permission", "paused", "topic_suppressed", "own_frequency", "refused_before", "cap", "hours", "reservation_expired", "already_made", "reserved", "made", "uncounted"}
	missing := func() []string {
		return slices.DeleteFunc(slices.Clone(all), func(x string) bool { return reasons[x] > 0 })
	}
	for round := 0; round < 3 || round < 30 && len(missing()) > 0; round++ {
		rapid.Check(t, func(r *rapid.T) {
			h := histories.Draw(r, "history")
			for _, a := range h.answers {
				reasons[a.Reason+a.State]++
			}
			if differs := answersOf(t, h); differs != "" {
				r.Fatal(differs)
			}
		})
	}
	t.Log(reasons)
	require.Empty(t, missing(), "no history came to them")
}

// The same on a real Redis, whose clock is not ours: histories that ended lately.
func TestConsentDecide_saysWhatTheServiceSaidOnRedis(t *testing.T) {
	client, err := stateredis.Open(t.Context(), stateredis.Config{Addrs: []string{testkit.Redis(t)}})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, client.Close()) })
	ring := keyring(t)
	for n := range 10 {
		histories := rapid.Custom(func(r *rapid.T) contactHistory {
			begin := time.Now().Add(-50 * 24 * time.Hour).Truncate(time.Second)
			return tellContacts(r, ring, fmt.Sprintf("group%d", n), begin, func(*contactWorld) contactStores {
				return contactStores{stateredis.NewGraph(client), stateredis.NewCells(client), stateredis.NewContacts(client)}
			})
		})
		require.Empty(t, answersOf(t, histories.Example(n)))
	}
}

// Faults, planted between the file and the command one by one: each gives an answer that the service did not give.
func TestConsentDecide_plantedFaultsAreFound(t *testing.T) {
	ofKind := func(kind, field, value string) func(contactHistory) contactHistory {
		return func(h contactHistory) contactHistory {
			return h.without(func(f map[string]any) bool { return f["kind"] == kind && (field == "" || f[field] == value) })
		}
	}
	asked := func(change func(map[string]any)) func(contactHistory) contactHistory {
		return func(h contactHistory) contactHistory {
			for _, q := range h.questions {
				change(q)
			}
			return h
		}
	}
	faults := map[string]func(contactHistory) contactHistory{
		"contacts are not counted":     ofKind("contact", "", ""),
		"refusals in them forgotten":   ofKind("contact", "step", "refused"),
		"releases forgotten":           ofKind("contact", "step", "released"),
		"how often is ignored":         ofKind("wish", "wish", "frequency"),
		"topics are ignored":           ofKind("wish", "wish", "topic"),
		"pauses are ignored":           ofKind("wish", "wish", "pause"),
		"sales taken back stand":       ofKind("retraction", "", ""),
		"acts keep nothing alive":      ofKind("activity", "", ""),
		"whose points is forgotten":    ofKind("member", "", ""),
		"the clock of another zone":    asked(func(q map[string]any) { delete(q, "places") }),
		"what it is about is lost":     asked(func(q map[string]any) { delete(q, "family") }),
		"what it needs beside is lost": asked(func(q map[string]any) { delete(q, "also") }),
		"the hand-over asks nothing":   asked(func(q map[string]any) { delete(q, "step") }),
		"known-at is ignored":          asked(func(q map[string]any) { delete(q, "known_at") }),
		"at is when it was known":      asked(func(q map[string]any) { q["at"] = q["known_at"] }),
		"when it was heard is lost": func(h contactHistory) contactHistory {
			for _, f := range h.facts {
				delete(f, "recorded_at")
			}
			return h
		},
		"what is said of a person is not": func(h contactHistory) contactHistory {
			return h.without(func(f map[string]any) bool { return f["person"] != nil && f["kind"] == "wish" })
		},
		"denials of a person are not": func(h contactHistory) contactHistory {
			return h.without(func(f map[string]any) bool { return f["person"] != nil && f["kind"] == "decision" })
		},
		"masks are off": func(h contactHistory) contactHistory {
			return h.without(func(f map[string]any) bool { return f["kind"] == "overlay" || f["kind"] == "age" })
		},
	}
	histories := drawContacts(keyring(t))
	left := maps.Clone(faults)
	for n := 0; len(left) > 0 && n < 400; n++ {
		h := histories.Example(n)
		for name, plant := range left {
			if answersOf(t, plant(h.clone())) != "" {
				delete(left, name)
			}
		}
	}
	require.Empty(t, left, "nobody noticed")
}
