package auth_test

import (
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"rcu/pkg/auth"
)

func TestKeys_authenticate(t *testing.T) {
	key, hash, err := auth.NewKey()
	require.NoError(t, err)
	other, _, err := auth.NewKey()
	require.NoError(t, err)
	require.NotEqual(t, key, other)
	keys, err := auth.NewKeys([]auth.Entry[string]{{Hash: auth.HashKey("x"), Principal: "x"}, {Hash: hash, Principal: "till"}})
	require.NoError(t, err)
	require.Equal(t, 2, keys.Len())
	tests := []struct {
		name   string
		header []string
		want   string
		err    error
	}{
		{name: "known", header: []string{"Bearer " + key}, want: "till"},
		{name: "scheme in other case", header: []string{"bearer " + key}, want: "till"},
		{name: "none", err: auth.ErrNoKey},
		{name: "empty", header: []string{"Bearer "}, err: auth.ErrNoKey},
		{name: "no scheme", header: []string{key}, err: auth.ErrNoKey},
		{name: "basic", header: []string{"Basic " + key}, err: auth.ErrNoKey},
		{name: "two headers", header: []string{"Bearer " + key, "Bearer " + key}, err: auth.ErrNoKey},
		{name: "other key", header: []string{"Bearer " + other}, err: auth.ErrUnknownKey},
		{name: "the hash itself", header: []string{"Bearer " + hash.String()}, err: auth.ErrUnknownKey},
		{name: "endless", header: []string{"Bearer " + strings.Repeat("k", 1<<16)}, err: auth.ErrUnknownKey},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := httptest.NewRequest("POST", "/", nil)
			for _, h := range tt.header {
				r.Header.Add("Authorization", h)
			}
			got, err := keys.Authenticate(r)
			require.ErrorIs(t, err, tt.err)
			require.Equal(t, tt.want, got)
			if err != nil {
				require.NotContains(t, err.Error(), key)
			}
		})
	}
}

func TestKeys_byHash(t *testing.T) {
	keys, err := auth.NewKeys([]auth.Entry[string]{{Hash: auth.HashKey("a"), Principal: "anne"}, {Hash: auth.HashKey("p"), Principal: "paul"}})
	require.NoError(t, err)
	who, err := keys.ByHash(auth.HashKey("p"))
	require.NoError(t, err)
	require.Equal(t, "paul", who)
	changed := auth.HashKey("p")
	changed[31] ^= 1
	_, err = keys.ByHash(changed)
	require.ErrorIs(t, err, auth.ErrUnknownKey, "it has the prefix of one that is known")
}

func TestNewKeys_sameKeyTwice_isRefused(t *testing.T) {
	_, err := auth.NewKeys([]auth.Entry[int]{{Hash: auth.HashKey("a")}, {Hash: auth.HashKey("a")}})
	require.ErrorContains(t, err, "entry 1")
}

func TestParseReaders(t *testing.T) {
	h := auth.HashKey("k").String()
	good := "version: 1\nreaders:\n  - {name: tablet-1, key_sha256: " + h + ", role: seller, space: group, controllers: [shop-fr], store: paris-1}\n"
	entries, err := auth.ParseReaders([]byte(good))
	require.NoError(t, err)
	require.Equal(t, []auth.Entry[auth.Reader]{{Hash: auth.HashKey("k"), Principal: auth.Reader{
		Name: "tablet-1", Role: auth.RoleSeller, Space: "group", Controllers: []string{"shop-fr"}, Store: "paris-1",
	}}}, entries)
	require.True(t, entries[0].Principal.Reads("shop-fr"))
	require.False(t, entries[0].Principal.Reads("shop-uk"))

	bad := `version: 2
extra: 1
readers:
  - {name: a, key_sha256: ` + h + `, role: king, space: group, controllers: [x, x]}
  - {name: a, key_sha256: ` + h + `, role: seller, space: 7, controllers: [x], color: red}
  - {key_sha256: zz, role: seller}
  - nothing
`
	_, err = auth.ParseReaders([]byte(bad))
	for _, want := range []string{
		"version:", "extra:", "readers[0].role:", "readers[0].controllers:", "readers[1].name:", "readers[1].key_sha256:", "readers[1].space:", "readers[1].color:",
		"readers[2].name:", "readers[2].key_sha256:", "readers[2].space:", "readers[2].controllers:", "readers[3]:",
	} {
		require.ErrorContains(t, err, want)
	}
	require.NotContains(t, err.Error(), h)
	_, err = auth.ParseReaders([]byte("readers: []"))
	require.ErrorContains(t, err, "readers: want a list")
	_, err = auth.ParseReaders([]byte("readers: [\n  {name: secret-value"))
	require.Error(t, err)
	require.NotContains(t, err.Error(), "secret-value")
}

func FuzzParseReaders(f *testing.F) {
	f.Add([]byte("readers:\n  - {name: a, key_sha256: x, role: seller, space: s, controllers: [c]}"))
	f.Add([]byte("readers: ! "))
	f.Add([]byte("readers: {a: &x [*x]}"))
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) > 4096 {
			return
		}
		entries, err := auth.ParseReaders(data)
		if err == nil && len(entries) == 0 {
			t.Fatal("no entries and no error")
		}
	})
}
