package fleet

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestRebalances_areThoseThatMembersLivedThrough(t *testing.T) {
	f := &Fleet{cfg: Config{Dir: t.TempDir()}}
	require.NoError(t, os.Mkdir(f.path("logs"), 0o700))
	const back = `{"level":"info","msg":"gave partitions back","group":"resolver","generation":1,"partitions":8}` + "\n"
	for name, text := range map[string]string{
		"resolver-1.log": `{"msg":"reading partitions","group":"resolver","generation":1}` + "\n" + back + back + `{"msg":"gave parti`,
		"resolver-2.log": back,
		"sink-1.log":     "panic: no JSON\n" + `{"msg":"gave partitions back","group":"sink"}` + "\n",
	} {
		require.NoError(t, os.WriteFile(f.path("logs", name), []byte(text), 0o600))
	}
	got, err := f.Rebalances()
	require.NoError(t, err)
	require.Equal(t, map[string]int{"resolver": 3, "sink": 1}, got)
}
