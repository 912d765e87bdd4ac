package event_test

import (
	"flag"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"rcu/pkg/identifier"
	"rcu/schemas"
)

var update = flag.Bool("update", false, "write the golden files of schemas/event/testdata anew (only where a contract was added: v1 bytes never change)")

const goldenFolder = "../../schemas/event/testdata"

// Every contract has an ordinary and a rich example; each decodes, drops nothing, and encodes to its golden bytes.
func TestExamples(t *testing.T) {
	t.Parallel()
	d := decoder(t)
	stamp := func(k identifier.Key) int64 {
		if k.Namespace.Kind() == identifier.KindDevice {
			return 1772000000
		}
		return 0
	}
	for _, x := range examples(t) {
		t.Run(x.name, func(t *testing.T) {
			t.Parallel()
			draft, rejection := d.Decode(x.raw, origin(t, x.channel), received)
			require.Nil(t, rejection, "%+v", rejection)
			require.Empty(t, draft.Dropped())
			require.Empty(t, draft.NotIdentifiers())
			require.Equal(t, x.typ, draft.Type())
			ev, personal, decisions := draft.Stamp(pseudonyms{}, stamp)
			name := strings.ReplaceAll(x.name, "/", ".")
			if ev != nil {
				golden(t, name+".event", ev)
			}
			if personal != nil {
				golden(t, name+".personal", personal)
			}
			for i, decision := range decisions {
				golden(t, name+".decision"+string(rune('0'+i)), decision)
			}
		})
	}
}

func TestEveryContractHasExamples(t *testing.T) {
	t.Parallel()
	files, err := fs.Glob(schemas.Files, "channel/*/*.json")
	require.NoError(t, err)
	for _, file := range files {
		if strings.HasSuffix(file, ".example.json") {
			continue
		}
		for _, suffix := range []string{".example.json", ".rich.example.json"} {
			_, err := fs.Stat(schemas.Files, strings.TrimSuffix(file, ".json")+suffix)
			require.NoError(t, err)
		}
	}
}

// golden compares a message with its bytes of version 1, and keeps the same in readable form beside them.
func golden(t *testing.T, name string, m proto.Message) {
	t.Helper()
	raw, err := proto.MarshalOptions{Deterministic: true}.Marshal(m)
	require.NoError(t, err)
	file := filepath.Join(goldenFolder, name+".pb")
	if *update {
		text, err := protojson.MarshalOptions{Multiline: true}.Marshal(m)
		require.NoError(t, err)
		require.NoError(t, os.MkdirAll(goldenFolder, 0o755))
		require.NoError(t, os.WriteFile(file, raw, 0o644))
		require.NoError(t, os.WriteFile(filepath.Join(goldenFolder, name+".json"), append(text, '\n'), 0o644))
	}
	want, err := os.ReadFile(file)
	require.NoError(t, err)
	if string(want) == string(raw) {
		return
	}
	old := m.ProtoReflect().New().Interface()
	require.NoError(t, proto.Unmarshal(want, old))
	require.Equal(t, protojson.Format(old), protojson.Format(m))
	require.Equal(t, want, raw)
}
