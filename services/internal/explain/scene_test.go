package explain_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"rcu/services/internal/explain"
)

func end(ns string, n int) explain.LinkEnd {
	return explain.LinkEnd{Namespace: ns, Name: fmt.Sprintf("%034x", n)}
}

func group(title string, ends ...explain.LinkEnd) explain.Group {
	g := explain.Group{Title: title}
	for _, e := range ends {
		g.Identifiers = append(g.Identifiers, explain.Node{LinkEnd: e, Standing: "clean"})
	}
	return g
}

// neighbours are a customer whose e-mail stood on the card of another one, who has a phone that identifies nobody.
func neighbours() *explain.Scene {
	card, mail, other, phone := end("card", 1), end("email", 2), end("card", 3), end("phone", 4)
	s := &explain.Scene{
		Groups: []explain.Group{group("Person 1", card, mail), group("Person 3 <&>", other), group("Nobody", phone)},
		Links: []explain.Link{
			{A: card, B: mail, Outcome: "joined", Words: "joins them"},
			{A: other, B: mail, Outcome: "refused", Reason: "unique", Words: "refused <&>"},
			{A: other, B: phone, Outcome: "refused", Reason: "quarantined", Words: "refused"},
		},
	}
	s.Groups[0].Identifiers[1].Value = "m••••@example.org"
	s.Groups[2].Identifiers[0].Standing = "quarantined"
	return s
}

func TestScene_isAsDrawnBefore(t *testing.T) {
	for _, lang := range []string{"en", "fr"} {
		got := neighbours().Draw(lang, "scene")
		require.Equal(t, string(got), string(neighbours().Draw(lang, "scene")), "the same every time")
		wellFormed(t, got)
		for _, want := range []string{`<title id="scene-t">`, `<desc id="scene-d">`, `role="img"`, "× ", "m••••@example.org", "Person 3 &lt;&amp;&gt;"} {
			require.Contains(t, string(got), want)
		}
		require.NotContains(t, string(got), "style=", "a page allows no inline style")
		golden(t, "testdata/scene."+lang+".svg", string(got))
	}
	require.Zero(t, neighbours().Summarised())
	wellFormed(t, (&explain.Scene{}).Draw("en", "x"))
}

// TestScene_staysReadable: five hundred links of one customer and twenty people beside are drawn in a few boxes that say how many they are.
func TestScene_staysReadable(t *testing.T) {
	card := end("card", 1)
	ends := []explain.LinkEnd{card}
	s := &explain.Scene{}
	for i := range 480 {
		ends = append(ends, end("cookie", 10+i))
		s.Links = append(s.Links, explain.Link{A: card, B: ends[i+1], Outcome: "joined"})
	}
	s.Groups = append(s.Groups, group("Person 1", ends...))
	for i := range 20 {
		other := group("Person", end("customer", 1000+i))
		s.Links = append(s.Links, explain.Link{A: other.Identifiers[0].LinkEnd, B: end("cookie", 400+i), Outcome: "refused", Reason: "limit"})
		s.Groups = append(s.Groups, other)
	}
	got := string(s.Draw("fr", "scene"))
	wellFormed(t, []byte(got))
	require.Less(t, strings.Count(got, "<g>"), 80)
	require.Contains(t, got, "navigateur × 476")
	require.Equal(t, 476, s.Summarised())
	require.Contains(t, got, "× limite", "what was refused is told, whatever is summarised")
	height := regexp.MustCompile(`height="(\d+)" viewBox`).FindStringSubmatch(got)[1]
	require.LessOrEqual(t, len(height), 4, "it is not endless: %s", height)
}
