package rebuild

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"rcu/pkg/consent"
	"rcu/pkg/identity"
	"rcu/pkg/profile"
	"rcu/pkg/resolve"
	"rcu/pkg/stream"
	eventpb "rcu/schemas/event"
	"rcu/services/resolver"
)

var update = flag.String("update", "", "brokers of an installation whose changelogs become the golden values")

const golden = "testdata/values-v1.json"

// perKind is how many values of each kind are kept.
const perKind = 12

// goldenValues are packed values as Kafka and Redis hold them, by kind.
type goldenValues map[string][][]byte

// decoders read each kind and say what is inside, so that a value that is read as something else is noticed.
func decoders() map[string]func([]byte) (string, error) {
	return map[string]func([]byte) (string, error){
		"leaf": func(b []byte) (string, error) {
			s, err := profile.Decode(b)
			if err != nil {
				return "", err
			}
			return s.Space() + "/" + s.Controller(), nil
		},
		"consent register": func(b []byte) (string, error) {
			r, err := consent.DecodeRegister(b)
			return strings.Repeat("p", min(1, len(r.All()))), err
		},
		"reference register": func(b []byte) (string, error) {
			r, err := identity.DecodeRegister(b)
			return strings.Repeat("r", min(1, len(r))), err
		},
		"component": func(b []byte) (string, error) {
			s, err := resolve.Summarise(resolve.ComponentKey{}, string(b))
			return strings.Repeat("m", min(1, len(s.Members))), err
		},
	}
}

// Packed values of version 1 are read for ever.
func TestValuesOfV1AreRead(t *testing.T) {
	if *update != "" {
		collect(t, strings.Split(*update, ","))
	}
	raw, err := os.ReadFile(golden)
	require.NoError(t, err)
	var all goldenValues
	require.NoError(t, json.Unmarshal(raw, &all))
	for kind, decode := range decoders() {
		require.NotEmpty(t, all[kind], kind)
		for i, value := range all[kind] {
			what, err := decode(value)
			require.NoError(t, err, "%s %d", kind, i)
			require.NotEmpty(t, what, "%s %d holds nothing", kind, i)
			_, err = decode(value[:len(value)-1])
			require.Error(t, err, "%s %d without its end", kind, i)
		}
	}
}

// collect takes values from the changelogs of an installation that holds nothing real.
func collect(t *testing.T, brokers []string) {
	t.Helper()
	c, err := stream.Connect(stream.Config{Brokers: brokers}, stream.Deps{})
	require.NoError(t, err)
	defer c.Close()
	all := goldenValues{}
	for _, topic := range []string{stream.TopicLeaves, stream.TopicRegisters, stream.TopicGraph} {
		n, err := c.Partitions(t.Context(), topic)
		require.NoError(t, err)
		for p := range n {
			require.NoError(t, c.ReadAll(t.Context(), topic, p, func(r stream.Record) error {
				var m eventpb.Changelog
				if r.Value == nil {
					return nil
				}
				if err := r.Decode(&m); err != nil {
					return err
				}
				kind := map[string]string{stream.TopicLeaves: "leaf", stream.TopicRegisters: "reference register", stream.TopicGraph: "component"}[topic]
				switch string(m.GetKey()) {
				case resolver.GraphThrough, resolver.GraphRules:
					return nil
				}
				if topic == stream.TopicRegisters && kindOf(string(m.GetKey())) == consentKind {
					kind = "consent register"
				}
				if len(all[kind]) < perKind && len(m.GetValue()) > 0 {
					all[kind] = append(all[kind], m.GetValue())
				}
				return nil
			}))
		}
	}
	raw, err := json.MarshalIndent(all, "", " ")
	require.NoError(t, err)
	require.NoError(t, os.MkdirAll(filepath.Dir(golden), 0o750))
	require.NoError(t, os.WriteFile(golden, append(raw, '\n'), 0o600))
}
