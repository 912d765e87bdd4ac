package realfiles

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rcu/pkg/identifier"
	"rcu/pkg/testkit"
	"rcu/services/e2e/realdata"
	"rcu/services/e2e/stack"
	"rcu/services/ingest"
	"rcu/services/internal/importer"
)

// settleLimit is how long the way through the pipeline may take after an import, until the graph has what the matcher, behind all others, has to say.
const settleLimit = 3 * time.Minute

// file is a real file with its place in the stack.
type file struct {
	realdata.Import

	source string
	space  string // and the controller
	// customers is the namespace that names the file's customers.
	customers identifier.Namespace
	args      []string // of rcu import
}

// recorded is when the last of the browsing in the files was recorded. A grant holds for 13 months and has to hold now, too, so that what was
// recorded is moved on.
var recorded = time.Date(2021, 4, 22, 0, 0, 0, 0, time.UTC)

// lately moves the browsing of a file on to the last months.
func (f file) lately() file {
	f.args = append(f.args, "--var", fmt.Sprintf("seconds_later=%d", int64(time.Since(recorded).Hours())*3600))
	return f
}

// granted sets the time of the grants of a file to before all of that.
func (f file) granted() file {
	f.args = append(f.args, "--var", "decided_at="+time.Now().AddDate(0, -11, 0).UTC().Format(time.RFC3339))
	return f
}

// of finds the import with a mapping and gives it a space.
func of(t *testing.T, mapping, space string, customers identifier.Namespace) file {
	t.Helper()
	for _, i := range realdata.Imports() {
		if i.Mapping == mapping {
			return file{Import: i, source: space + "-" + i.Channel, space: space, customers: customers}
		}
	}
	require.Fail(t, "no import has this mapping", mapping)
	return file{}
}

func (f file) spec() ingest.SourceSpec {
	const loadRate = 100_000
	return ingest.SourceSpec{
		Name: f.source, Channel: f.Channel, Space: f.space, Controller: f.space, Brand: f.space, Zone: f.Zone, Country: f.Country,
		Currency: f.Currency, Trust: "imported", CardCheck: f.CardCheck, Rate: loadRate, Burst: loadRate,
	}
}

// start runs a stack with one source for each file and channel.
func start(t *testing.T, files ...file) *stack.Stack {
	t.Helper()
	testkit.Data(t, "er")
	var specs []ingest.SourceSpec
	known := map[string]bool{}
	for _, f := range files {
		if !known[f.source] {
			specs = append(specs, f.spec())
		}
		known[f.source] = true
	}
	return stack.StartOwn(t, specs, nil)
}

// load imports a file as a person would, and returns what the program says of it.
func load(t *testing.T, s *stack.Stack, f file, args ...string) (importer.Summary, time.Duration) {
	t.Helper()
	began := time.Now()
	mapping := filepath.Join(testkit.Root(t), "deploy", "mappings", f.Mapping)
	all := append([]string{"--json", "import", f.Channel, testkit.Data(t, f.File...), "--map", mapping, "--source", f.source}, append(f.args, args...)...)
	out, err := s.Command(t, all...)
	require.NoError(t, err)
	var sum importer.Summary
	require.NoError(t, json.Unmarshal([]byte(out), &sum), out)
	require.True(t, sum.Done, out)
	require.Empty(t, sum.Report.Bad, out)
	require.Empty(t, sum.Outcome.Rejected, out)
	return sum, time.Since(began)
}

// loadAgain imports a file that is in: a second import knows that and sends nothing, and --again sends every event once more.
func loadAgain(t *testing.T, s *stack.Stack, f file) {
	t.Helper()
	sum, _ := load(t, s, f)
	require.Zero(t, sum.Sent)
	require.Equal(t, sum.Report.Events, sum.Resent)
	sum, _ = load(t, s, f, "--again")
	require.Equal(t, sum.Report.Events, sum.Sent)
	require.Equal(t, sum.Sent, sum.Outcome.Accepted+sum.Outcome.Duplicate)
}

// expected computes the figures of a file from the file.
func expected(t *testing.T, f file) realdata.Figures {
	t.Helper()
	want, err := realdata.Expected(filepath.Dir(testkit.Data(t, "er")), f.Import)
	require.NoError(t, err)
	return want
}

// checkRows compares what the program says of the rows of a file.
func checkRows(t *testing.T, want realdata.Figures, got importer.Summary) {
	t.Helper()
	skipped := 0
	for _, n := range got.Report.Skipped {
		skipped += n
	}
	require.Equal(t, want.Rows, got.Report.Rows, "rows of the file")
	require.Equal(t, want.Duplicates+want.Skipped, got.Report.Duplicates+skipped, "rows that are no event")
	if want.Duplicates > 0 {
		require.Equal(t, want.Duplicates, got.Report.Duplicates, "duplicate rows")
	}
	events := 0
	for _, n := range want.Events {
		events += n
	}
	require.Equal(t, events, got.Report.Events)
}
