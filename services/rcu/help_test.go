package main

import (
	"strings"
	"testing"

	"github.com/alecthomas/kong"
	"github.com/stretchr/testify/require"
)

// Every command says in its help how it is called, by an example that names it.
func TestHelp_hasAnExample(t *testing.T) {
	parser, err := kong.New(new(cli), kong.Name("rcu"))
	require.NoError(t, err)
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
	}
}
