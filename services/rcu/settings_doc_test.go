package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"

	"rcu/pkg/config"
	"rcu/pkg/testkit"
	"rcu/pkg/yamlfile"
)

// docs/configuration.md has every setting with its default, and no other.
func TestThePageOfSettingsHasAllOfThem(t *testing.T) {
	raw, err := os.ReadFile(filepath.Join(testkit.Root(t), "docs", "configuration.md"))
	require.NoError(t, err)
	told := map[string]string{}
	for _, row := range regexp.MustCompile("(?m)^\\| `([a-z_.]+)` \\| *([^|]*?) *\\| .+ \\|$").FindAllStringSubmatch(string(raw), -1) {
		require.NotContains(t, told, row[1], "twice")
		told[row[1]] = row[2]
	}
	printed, err := config.Print(defaultSettings())
	require.NoError(t, err)
	var tree map[string]any
	require.NoError(t, yamlfile.Decode([]byte(printed), &tree))
	want := map[string]string{}
	leaves("", tree, want)
	want["ingest.tcf.rules"] = "in `--print-config`" // a list of its own
	require.Equal(t, want, told)
}

// leaves gives every value of a tree by its dotted path; what is empty is "".
func leaves(path string, v any, into map[string]string) {
	if group, ok := v.(map[string]any); ok && len(group) > 0 {
		for name, value := range group {
			at := name
			if path != "" {
				at = path + "." + name
			}
			leaves(at, value, into)
		}
		return
	}
	switch value := v.(type) {
	case nil, map[string]any, []any:
		into[path] = ""
	default:
		into[path] = fmt.Sprint(value)
	}
}
