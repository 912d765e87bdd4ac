package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
	"github.com/stretchr/testify/require"

	"rcu/pkg/testkit"
)

// Whoever asks for the configuration alone gets it alone, from every command that has the flag: nothing is applied, wiped or asked.
func TestPrintConfig_isAllThatACommandDoes(t *testing.T) {
	parser, err := kong.New(new(cli), kong.Name("rcu"))
	require.NoError(t, err)
	file := filepath.Join(testkit.Root(t), "docs", "rules", "adobe.yaml")
	tried := 0
	for _, leaf := range parser.Model.Leaves(true) {
		if !slices.ContainsFunc(leaf.Flags, func(f *kong.Flag) bool { return f.Name == "print-config" }) {
			continue
		}
		tried++
		command := strings.Fields(leaf.Path())
		for _, arg := range leaf.Positional {
			command = append(command, map[string]string{"service": "sink"}[arg.Name])
			if arg.Name != "service" {
				command[len(command)-1] = file
			}
		}
		servers := []string{"--kafka", "127.0.0.1:1", "--redis", "127.0.0.1:1", "--clickhouse", "http://rcu:not-the-secret@127.0.0.1:1/rcu"}
		data := filepath.Join(t.TempDir(), "data")
		out, errs, code := call(t, "", append(append(command, "--data", data, "--print-config"), servers...)...)
		require.Zero(t, code, "%v: %s", command, errs)
		require.True(t, strings.HasPrefix(out, "log:\n"), "%v printed %q", command, out)
		require.NotContains(t, out, "not-the-secret")
		require.NoDirExists(t, data, "%v made a data folder", command)
		out, _, code = call(t, "", append(append(command, "--data", data, "--validate"), servers...)...)
		require.Zero(t, code, command)
		require.Empty(t, out, command)
	}
	require.Greater(t, tried, 8)
}

func TestSettings_addressesOfRedisHavePorts(t *testing.T) {
	file := filepath.Join(t.TempDir(), "rcu.yaml")
	require.NoError(t, os.WriteFile(file, []byte("redis: {addrs: [redis, \"r:1\"]}\n"), 0o600))
	_, errs, code := call(t, "", "up", "--config", file, "--validate")
	require.Equal(t, 2, code)
	require.Contains(t, errs, "redis.addrs[0]: must be host:port")
	require.NotContains(t, errs, "addrs[1]")
}
