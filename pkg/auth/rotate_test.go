package auth_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"rcu/pkg/auth"
)

// lists are files of readers as people write them; %s is the digest of the key of "desk".
var lists = map[string]string{
	"a field a line": "# who reads\nversion: 1\nreaders:\n  - name: a\n    key_sha256: " + auth.HashKey("a").String() + "\n    role: seller\n    space: g\n    controllers: [c]\n" +
		"  - name: desk # the call centre\n    key_sha256: %s # of 2025\n    role: adviser\n    space: g\n    controllers: [c]\n",
	"an entry a line": "readers:\n- {name: a, key_sha256: '" + auth.HashKey("a").String() + "', role: seller, space: g, controllers: [c]}\n" +
		"- {name: desk, key_sha256: \"%s\", role: adviser, space: g, controllers: [c]} # été\n",
	"the key first, no end of line": "readers:\n- name: a\n  key_sha256: " + auth.HashKey("a").String() + "\n  role: seller\n  space: g\n  controllers: [c]\n" +
		"- key_sha256: %s\n  name: desk\n  role: adviser\n  space: g\n  controllers: [c]",
	"JSON": `{"readers": [{"name": "été", "key_sha256": "` + auth.HashKey("a").String() + `", "role": "seller", "space": "g", "controllers": ["c"]}, ` +
		`{"name": "desk", "key_sha256": "%s", "role": "adviser", "space": "g", "controllers": ["c"]}]}`,
}

// knows tells which of some keys open a list, and that they are the desk's.
func knows(t *testing.T, file []byte, keys ...string) (known []string) {
	t.Helper()
	entries, err := auth.ParseReaders(file)
	require.NoError(t, err, string(file))
	all, err := auth.NewKeys(entries)
	require.NoError(t, err)
	for _, key := range keys {
		if who, err := all.Lookup(key); err == nil {
			require.Equal(t, "desk", who.Name)
			known = append(known, key)
		}
	}
	return known
}

func TestRotate_bothKeysAreValidUntilTheOldOneIsRevoked(t *testing.T) {
	for name, list := range lists {
		t.Run(name, func(t *testing.T) {
			now := time.Now()
			before := []byte(strings.Replace(list, "%s", auth.HashKey("one").String(), 1))
			both, err := auth.Rotate(before, "readers", "desk", auth.HashKey("two"), time.Time{}, now)
			require.NoError(t, err)
			require.Equal(t, []string{"one", "two"}, knows(t, both, "one", "two"))
			_, err = auth.Rotate(both, "readers", "desk", auth.HashKey("three"), time.Time{}, now)
			require.ErrorIs(t, err, auth.ErrTwoKeys)
			after, err := auth.Revoke(both, "readers", "desk")
			require.NoError(t, err)
			require.Equal(t, []string{"two"}, knows(t, after, "one", "two"))
			require.Equal(t, strings.Replace(list, "%s", auth.HashKey("two").String(), 1), string(after), "nothing else has changed")
			_, err = auth.Revoke(after, "readers", "desk")
			require.ErrorIs(t, err, auth.ErrOneKey)
		})
	}
}

func TestRotate_forATime_theOldKeyEndsByItself(t *testing.T) {
	for name, list := range lists {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				before := []byte(strings.Replace(list, "%s", auth.HashKey("one").String(), 1))
				both, err := auth.Rotate(before, "readers", "desk", auth.HashKey("two"), time.Now().Add(time.Hour), time.Now())
				require.NoError(t, err)
				entries, err := auth.ParseReaders(both)
				require.NoError(t, err)
				running, err := auth.NewKeys(entries)
				require.NoError(t, err)
				<-time.After(time.Hour - time.Second)
				_, err = running.Lookup("one")
				require.NoError(t, err)
				<-time.After(time.Second)
				_, err = running.Lookup("one")
				require.ErrorIs(t, err, auth.ErrUnknownKey, "nobody has read the list again")
				_, err = running.Lookup("two")
				require.NoError(t, err)
				third, err := auth.Rotate(both, "readers", "desk", auth.HashKey("three"), time.Time{}, time.Now())
				require.NoError(t, err, "an old key that has ended is in nobody's way")
				require.Equal(t, []string{"two", "three"}, knows(t, third, "one", "two", "three"))
			})
		})
	}
}

func TestRotate_whatCannotBeChanged(t *testing.T) {
	good := strings.Replace(lists["a field a line"], "%s", auth.HashKey("one").String(), 1)
	for name, c := range map[string]struct {
		file, entry string
		says        string
	}{
		"nobody of this name":      {good, "nobody", auth.ErrNoEntry.Error()},
		"no list":                  {"version: 1\n", "desk", "no list readers"},
		"no YAML":                  {"readers: [", "desk", "line"},
		"no digest":                {strings.Replace(good, auth.HashKey("one").String(), "secret", 1), "desk", "64 hexadecimal digits"},
		"a digest in another form": {strings.Replace(good, auth.HashKey("one").String(), `"`+auth.HashKey("one").String()[:9]+"\\\n      "+auth.HashKey("one").String()[9:]+`"`, 1), "desk", auth.ErrByHand.Error()},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := auth.Rotate([]byte(c.file), "readers", c.entry, auth.HashKey("two"), time.Time{}, time.Now())
			require.ErrorContains(t, err, c.says)
			require.NotContains(t, err.Error(), "secret")
		})
	}
}

func TestParseReaders_oldKeys(t *testing.T) {
	one, two := auth.HashKey("one").String(), auth.HashKey("two").String()
	rest := ", role: seller, space: g, controllers: [c]}\n"
	for fields, says := range map[string]string{
		"key_sha256: " + one + ", old_key_sha256: " + one:                           "readers[0].old_key_sha256: stands in an earlier entry too",
		"key_sha256: " + one + ", old_key_sha256: zz":                               "readers[0].old_key_sha256: want the 64",
		"key_sha256: " + one + ", old_key_sha256: " + two + ", old_key_until: soon": "readers[0].old_key_until: want a time",
		"key_sha256: " + one + ", old_key_until: 2026-12-01T06:00:00Z":              "readers[0].old_key_until: there is no old_key_sha256",
		"old_key_sha256: " + one:                                                    "readers[0].key_sha256: is required",
	} {
		_, err := auth.ParseReaders([]byte("readers:\n- {name: a, " + fields + rest))
		require.ErrorContains(t, err, says)
	}
}
