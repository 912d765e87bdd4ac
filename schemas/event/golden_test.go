package eventpb_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	eventpb "rcu/schemas/event"
)

// empty makes the message that a golden file holds: `<channel>.<type>.<message>.pb`.
func empty(name string) proto.Message {
	switch kind := name[strings.LastIndexByte(strings.TrimSuffix(name, ".pb"), '.')+1:]; {
	case strings.HasPrefix(kind, "event"):
		return new(eventpb.Event)
	case strings.HasPrefix(kind, "personal"):
		return new(eventpb.Personal)
	case strings.HasPrefix(kind, "decision"):
		return new(eventpb.Decision)
	}
	return nil
}

// Bytes of version 1 decode for ever: each golden message has no unknown field, says what its readable form says, and encodes to itself.
func TestGoldenBytesDecode(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/*.pb")
	if err != nil || len(files) < 40 {
		t.Fatalf("listing golden files: %d of them, %v", len(files), err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			t.Parallel()
			raw, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			text, err := os.ReadFile(strings.TrimSuffix(file, ".pb") + ".json")
			if err != nil {
				t.Fatal(err)
			}
			got, want := empty(filepath.Base(file)), empty(filepath.Base(file))
			if err := proto.Unmarshal(raw, got); err != nil {
				t.Fatal(err)
			}
			if err := protojson.Unmarshal(text, want); err != nil {
				t.Fatal(err)
			}
			if len(got.ProtoReflect().GetUnknown()) > 0 {
				t.Error("a field of version 1 is no longer known")
			}
			if !proto.Equal(got, want) {
				t.Errorf("decoded to %s", protojson.Format(got))
			}
			again, err := proto.MarshalOptions{Deterministic: true}.Marshal(got)
			if err != nil || !bytes.Equal(again, raw) {
				t.Errorf("encodes to other bytes, %v", err)
			}
		})
	}
}
