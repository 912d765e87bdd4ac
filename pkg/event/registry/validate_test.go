package registry_test

import (
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"

	"rcu/pkg/event/registry"
	"rcu/schemas"
)

// planted loads the register of the product with some texts replaced; every one must be there.
func planted(t *testing.T, file string, replace ...string) error {
	t.Helper()
	files := fstest.MapFS{}
	require.NoError(t, fs.WalkDir(schemas.Files, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		raw, err := fs.ReadFile(schemas.Files, path)
		if path == file {
			for i := 0; i < len(replace); i += 2 {
				require.Contains(t, string(raw), replace[i])
				raw = []byte(strings.Replace(string(raw), replace[i], replace[i+1], 1))
			}
		}
		files[path] = &fstest.MapFile{Data: raw}
		return err
	}))
	_, err := registry.Load(files)
	return err
}

// A purpose or field without owner or justification is refused, and so is whatever the red list names.
func TestLoadRefuses(t *testing.T) {
	t.Parallel()
	const city = "city: {owner: customer_data, purpose: contract, sensitivity: personal, retention: relation_3y, because: address}"
	const y = "registry.yaml"
	for name, tt := range map[string]struct{ file, from, to, want string }{
		"field without owner":           {y, city, "city: {purpose: contract, sensitivity: personal, retention: relation_3y, because: address}", "trait city: owner"},
		"field without justification":   {y, city, "city: {owner: a, purpose: contract, sensitivity: personal, retention: relation_3y}", "trait city: without a justification"},
		"unknown justification":         {y, city, "city: {owner: a, purpose: contract, sensitivity: personal, retention: x, because: fun}", "trait city: without a justification"},
		"unknown purpose":               {y, city, "city: {owner: a, purpose: fun, sensitivity: none, retention: x, because: address}", "unknown purpose"},
		"refused use of a field":        {y, city, "city: {owner: a, purpose: sell_data, sensitivity: none, retention: x, because: address}", "refused use"},
		"unknown sensitivity":           {y, city, "city: {owner: a, purpose: contract, sensitivity: secret, retention: x, because: address}", "unknown sensitivity"},
		"unknown key":                   {y, city, "city: {owner: a, colour: red}", "colour"},
		"purpose without owner":         {y, "    owner: e_commerce\n", "", "owner and justification"},
		"purpose without justification": {y, `    because: {fr: "La loi l'impose", en: "The law demands it"}` + "\n", "", "purpose legal: owner and justification"},
		"justification in one language": {y, `    because: {fr: "La loi l'impose", en: "The law demands it"}`, `    because: {fr: "La loi l'impose"}`, "purpose legal: owner and justification"},
		"purpose without a source":      {y, `    source: "GDPR 6(1)(c)"` + "\n", "", "purpose legal: label, version"},
		"basis of nothing":              {y, "    basis: exempt\n", "    basis: wish\n", "basis"},
		"consent by default":            {y, "    basis: consent\n    default: false\n", "    basis: consent\n    default: true\n", "off until somebody agrees"},
		"recipient on the red list":     {y, "    recipients: []\n", "    recipients: [sell_data]\n", "refused use"},
		"rule for no channel":           {y, "      phone: {validity_months: 12}\n", "      fax: {validity_months: 12}\n", "none of its channels"},
		"denial that confirms":          {y, "  gpc: {}\n", "  gpc: {confirm: [email]}\n", "act gpc"},
		"figure without a source":       {y, `{days: 30, source: "consent.md 3.13"}`, "{days: 30}", "term pause_days"},
		"red list without a reason":     {y, `    source: "GDPR 22"` + "\n", "", "refused use hidden_price_profile"},
		"changed text of a notice":      {"notices/marketing.1.fr.txt", "Recevoir", "Accepter", "notice marketing 1: the text in fr"},
		"notice about what nobody asks": {y, "      purposes: [unify_core]\n", "      purposes: [contract]\n", "nobody decides about contract"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.ErrorContains(t, planted(t, tt.file, tt.from, tt.to), tt.want)
		})
	}
	require.NoError(t, planted(t, ""))
	_, err := registry.Load(fstest.MapFS{})
	require.Error(t, err)
}

// Every purpose about which people decide has a notice of its own, in both languages, that names what they gain.
func TestEveryDecisionHasANotice(t *testing.T) {
	t.Parallel()
	r, err := registry.Load(schemas.Files)
	require.NoError(t, err)
	for name, p := range r.Purposes {
		if !p.Decidable {
			continue
		}
		n, ok := r.Notice(name, "1")
		require.True(t, ok, name)
		require.Equal(t, []string{name}, n.Purposes, "one purpose is asked at a time")
		require.True(t, n.Covers(name+":someone"))
		for lang, gain := range map[string]string{"fr": p.Benefit.FR, "en": p.Benefit.EN} {
			text, ok := r.NoticeText(name, "1", lang)
			require.True(t, ok)
			require.Contains(t, text, gain)
		}
	}
}

// The acts that the schema of events takes are in the register; those of the register alone are the product's own.
func TestActsOfTheSchema(t *testing.T) {
	t.Parallel()
	r, err := registry.Load(schemas.Files)
	require.NoError(t, err)
	acts := read(t, "channel/envelope.json").Defs["decision"].Properties["act"].Enum
	require.NotEmpty(t, acts)
	for _, a := range acts {
		require.Contains(t, r.Acts, a)
	}
	require.Len(t, r.Acts, len(acts)+3, "confirmation and the two of the preference centre are the product's own")
	require.True(t, r.Refuses("sell_data"))
	require.True(t, r.Refuses("share_partner:sell_data"))
	require.False(t, r.Refuses("share_partner:parcel-co"))
}
