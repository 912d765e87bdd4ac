package scenarios

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"rcu/pkg/testkit"
	"rcu/services/e2e/stack"
)

// tourHeading stands above the commands of the tour.
const tourHeading = "## A tour of five minutes"

func TestTheTourOfTheReadmeWorksAsWritten(t *testing.T) {
	s := stack.StartFirst(t)
	script := fenced(t, tourHeading)
	for usual, service := range map[string]string{"8080": "profile-api", "8081": "ingest-store", "8082": "ingest-web", "8083": "ingest-mobile", "8084": "ingest-callcentre"} {
		script = strings.ReplaceAll(script, "localhost:"+usual, s.Services[service])
	}
	dir := t.TempDir()
	require.NoError(t, os.Mkdir(filepath.Join(dir, ".bin"), 0o700))
	require.NoError(t, os.Symlink(stack.Program(t), filepath.Join(dir, ".bin", "rcu")))
	var out string
	stack.Eventually(t, soon, "the tour shows what it promises", func() error { // a person types more slowly than events travel
		cmd := exec.CommandContext(t.Context(), "bash", "-eu", "-o", "pipefail", "-c", script)
		cmd.Dir, cmd.Env = dir, append(os.Environ(), "RCU_HOME="+s.Dir)
		raw, err := cmd.CombinedOutput()
		out = string(raw)
		switch {
		case err != nil:
			return fmt.Errorf("%w: %s", err, out)
		case strings.Count(out, `"accepted":1`) != 2:
			return errors.New("not both events were accepted: " + out)
		case !strings.Contains(out, "Marie") || !strings.Contains(out, "W-1001"):
			return errors.New("no record with name and order: " + out)
		case !strings.Contains(out, "2500") || !strings.Contains(out, "4599"):
			return errors.New("ClickHouse does not show both sums: " + out)
		}
		return nil
	})
	t.Log(out)
}

// fenced is the first block of commands below a heading of the readme.
func fenced(t *testing.T, heading string) string {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(testkit.Root(t), "README.md"))
	require.NoError(t, err)
	_, after, found := strings.Cut(string(raw), heading)
	require.True(t, found, "the readme has no heading %q", heading)
	_, after, found = strings.Cut(after, "```sh\n")
	require.True(t, found)
	block, _, found := strings.Cut(after, "\n```")
	require.True(t, found)
	return block
}
