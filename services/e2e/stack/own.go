package stack

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rcu/pkg/stream"
	"rcu/pkg/yamlfile"
	"rcu/services/ingest"
	"rcu/services/matcher"
)

// Groups that events pass, with the topics that each reads.
var groups = map[string][]string{
	"resolver": append(stream.EventTopics(), stream.TopicConsents, stream.TopicActs, stream.TopicMatches),
	"sink":     {stream.TopicResolved, stream.TopicOwners, stream.TopicProfiles, stream.TopicIdentity, stream.TopicConsents},

	matcher.Default().Group: {stream.TopicLeaves},
	matcher.Default().Again: {stream.TopicRegisters, stream.TopicIdentity},
}

// quiet is how long nothing may lag before a stack counts as settled: longer than the outbox, a flush of the sink and the reload of
// owners take one after the other.
const quiet = 3 * time.Second

// StartOwn runs the program in a new data folder until the test ends, with sources of the test's own instead of those of every stack,
// and with settings over the usual ones by their first name. The keys lie beside, as for `rcu import --source`.
func StartOwn(t testing.TB, sources []ingest.SourceSpec, settings map[string]any) *Stack {
	t.Helper()
	NeedServers(t)
	s := prepare(t, filepath.Join(t.TempDir(), "data"))
	file, keys, err := ingest.GenerateSources(sources)
	require.NoError(t, err)
	s.sourceKeys = keys
	s.write(t, "sources.yaml", file)
	raw, err := json.Marshal(keys)
	require.NoError(t, err)
	s.write(t, "source-keys.json", raw)
	s.merge(t, settings)
	s.Launch(t)
	t.Cleanup(s.end)
	return s
}

// merge adds settings to those that prepare wrote.
func (s *Stack) merge(t testing.TB, settings map[string]any) {
	t.Helper()
	file, err := os.ReadFile(s.path("rcu.yaml"))
	require.NoError(t, err)
	var all map[string]any
	require.NoError(t, yamlfile.Decode(file, &all))
	maps.Copy(all, settings)
	file, err = yamlfile.Encode(all)
	require.NoError(t, err)
	s.write(t, "rcu.yaml", file)
}

// Settled waits until no group lags and nothing new comes, and returns how long it took until then, the quiet at the end not counted.
func (s *Stack) Settled(t testing.TB, within time.Duration) time.Duration {
	t.Helper()
	cfg := stream.DefaultConfig()
	cfg.Brokers = s.Kafka
	client, err := stream.Connect(cfg, stream.Deps{})
	require.NoError(t, err)
	defer client.Close()
	began := time.Now()
	var since time.Time // when the quiet began
	var ends int64
	Eventually(t, within, "nothing lags", func() error {
		lag, all := int64(0), int64(0)
		for group, topics := range groups {
			parts, err := client.Lag(t.Context(), group, topics...)
			if err != nil {
				return fmt.Errorf("asking for the lag of %s: %w", group, err)
			}
			for _, p := range parts {
				lag, all = lag+p.Lag(), all+p.End
			}
		}
		now := time.Now()
		if lag > 0 || all != ends || since.IsZero() {
			since, ends = now, all
			return fmt.Errorf("%d records lag", lag)
		}
		if now.Sub(since) < quiet {
			return fmt.Errorf("quiet since %s only", now.Sub(since))
		}
		return nil
	})
	return since.Sub(began)
}
