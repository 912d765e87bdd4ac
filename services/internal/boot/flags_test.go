package boot_test

import (
	"bytes"
	"flag"
	"io"
	"testing"

	"github.com/stretchr/testify/require"

	"rcu/services/internal/boot"
)

func TestParseFlags(t *testing.T) {
	parse := func(args ...string) (int, error) {
		f := flag.NewFlagSet("tool", flag.ContinueOnError)
		f.SetOutput(io.Discard)
		n := f.Int("n", 1, "a number")
		err := boot.ParseFlags(f, args)
		return *n, err
	}
	n, err := parse("-n", "3")
	require.NoError(t, err)
	require.Equal(t, 3, n)
	_, err = parse("--help")
	require.Equal(t, &boot.Silent{Code: boot.ExitOK}, err)
	_, err = parse("--m")
	require.Equal(t, &boot.Silent{Code: boot.ExitUsage}, err)
}

func TestPrintJSON(t *testing.T) {
	var out bytes.Buffer
	require.NoError(t, boot.PrintJSON(&out, map[string]int{"kills": 3}))
	require.Equal(t, "{\n  \"kills\": 3\n}\n", out.String())
	require.ErrorContains(t, boot.PrintJSON(&out, func() {}), "printing the report")
}
