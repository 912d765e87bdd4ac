package main

import (
	"regexp"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
	"github.com/stretchr/testify/require"

	"rcu/services/internal/demo"
)

// Every command says in its help how it is called, by an example that names it, with sources and spaces that `rcu up` makes.
func TestHelp_hasAnExample(t *testing.T) {
	parser, err := kong.New(new(cli), kong.Name("rcu"))
	require.NoError(t, err)
	known := map[string]bool{demo.Space: true}
	for _, s := range demoSources() {
		known[s.Name] = true
	}
	named := regexp.MustCompile(`--(?:source|space) (\S+)`)
	for _, leaf := range parser.Model.Leaves(true) {
		command := strings.Fields(leaf.Path())
		out, _, code := call(t, "", append(command, "--help")...)
		if leaf.Parent.DefaultCmd == leaf {
			command = command[:len(command)-1] // it goes by the name of its group
		}
		require.Zero(t, code, command)
		_, examples, found := strings.Cut(out, "\nExample")
		require.True(t, found, "%v has no example: %s", command, out)
		require.Contains(t, examples, "rcu "+strings.Join(command, " "), "the example of %s is of another command", leaf.Path())
		for _, m := range named.FindAllStringSubmatch(examples, -1) {
			require.True(t, known[m[1]], "the example of %s names %s, which no installation has", leaf.Path(), m[1])
		}
	}
}
