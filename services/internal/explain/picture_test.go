package explain_test

import (
	"encoding/xml"
	"flag"
	"io"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"rcu/services/internal/explain"
)

// picture is an explanation of everything that is drawn.
func picture() *explain.Explanation {
	end := func(ns, name string) explain.LinkEnd {
		return explain.LinkEnd{Namespace: ns, Name: name + strings.Repeat("0", 26)}
	}
	card, mail, phone, cookie := end("card", "11111111"), end("email", "22222222"), end("phone", "33333333"), end("cookie", "44444444")
	other, third := end("card", "55555555"), end("customer", "66666666")
	clean := func(e explain.LinkEnd) explain.StandingBecause {
		return explain.StandingBecause{LinkEnd: e, Standing: "clean", Because: "evidence"}
	}
	return &explain.Explanation{
		RCUID: card.Name, Standing: "clean", Identifiers: []explain.StandingBecause{clean(card), clean(mail), clean(phone), clean(cookie)},
		Links: []explain.Link{
			{A: card, B: mail, Outcome: "joined", Words: "joins them"},
			{A: card, B: phone, Outcome: "joined", Words: "joins them"},
			{A: mail, B: phone, Outcome: "confirms", Words: "confirms"},
			{A: mail, B: cookie, Outcome: "joined", Words: "joins them"},
			{A: other, B: mail, Outcome: "refused", Reason: "unique", Words: "refused <&>"},
			{A: third, B: phone, Outcome: "refused", Reason: "banned", Words: "refused"},
		},
	}
}

func TestPicture_isAsDrawnBefore(t *testing.T) {
	for _, lang := range []string{"en", "fr"} {
		got := explain.Picture(picture(), lang)
		require.Equal(t, string(got), string(explain.Picture(picture(), lang)), "the same every time")
		wellFormed(t, got)
		for _, want := range []string{"<title id=\"t\">", "<desc id=\"d\">", `role="img"`, "× "} {
			require.Contains(t, string(got), want)
		}
		golden(t, "testdata/picture."+lang+".svg", string(got))
	}
	empty := explain.Picture(&explain.Explanation{}, "en")
	wellFormed(t, empty)
}

func wellFormed(t *testing.T, raw []byte) {
	t.Helper()
	for d := xml.NewDecoder(strings.NewReader(string(raw))); ; {
		if _, err := d.Token(); err != nil {
			require.ErrorIs(t, err, io.EOF)
			return
		}
	}
}

var update = flag.Bool("update", false, "write golden files anew")

func golden(t *testing.T, path, got string) {
	t.Helper()
	if *update {
		require.NoError(t, os.WriteFile(path, []byte(got), 0o600))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, string(want), got, "go test -update writes the file anew")
}
