package event_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"io/fs"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rcu/pkg/event"
	"rcu/pkg/identifier"
	"rcu/schemas"
	eventpb "rcu/schemas/event"
)

// pseudonyms is a keyed digest with a key that everybody knows: golden bytes depend on it.
type pseudonyms struct{}

func (pseudonyms) sum(kind string, parts ...string) []byte {
	h := hmac.New(sha256.New, []byte("golden"))
	h.Write([]byte(kind + "\x00" + strings.Join(parts, "\x00")))
	return h.Sum(nil)
}

func (p pseudonyms) Pseudonym(space string, ns identifier.Namespace, value string) identifier.Pseudonym {
	var out identifier.Pseudonym
	out[0] = 1
	copy(out[1:], p.sum("pseudonym", space, string(ns), value))
	return out
}

func (p pseudonyms) Digest16(space, kind, text string) uint16 {
	return max(1, binary.BigEndian.Uint16(p.sum("16", space, kind, text)))
}

func (p pseudonyms) Digest64(space, kind, content string) [8]byte {
	return [8]byte(p.sum("64", space, kind, content))
}

var received = time.Date(2026, 3, 23, 0, 0, 0, 0, time.UTC)

func paris(t testing.TB) *time.Location {
	t.Helper()
	zone, err := time.LoadLocation("Europe/Paris")
	require.NoError(t, err)
	return zone
}

func origin(t testing.TB, channel string) *event.Origin {
	t.Helper()
	o := &event.Origin{
		Space: "s1", Controller: "c1", Source: "till-12", Channel: event.ChannelOf(channel), Brand: "acme", Zone: paris(t), Country: "FR",
		Currency: "EUR", Trust: eventpb.Trust_TRUST_SELF,
	}
	if channel == "store" {
		o.Store, o.Trust = "paris-1", eventpb.Trust_TRUST_STATED
	} else {
		o.Source = channel + "-fr"
	}
	return o
}

func decoder(t testing.TB) *event.Decoder {
	t.Helper()
	d, err := event.NewDecoder(schemas.Files)
	require.NoError(t, err)
	return d
}

// example is one golden example of a contract.
type example struct {
	name    string // e.g. "store/sale.rich"
	channel string // a channel that takes it
	typ     string
	raw     []byte
}

func examples(t testing.TB) []example {
	t.Helper()
	files, err := fs.Glob(schemas.Files, "channel/*/*.example.json")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	var out []example
	for _, file := range files {
		raw, err := fs.ReadFile(schemas.Files, file)
		require.NoError(t, err)
		name := strings.TrimSuffix(strings.TrimPrefix(file, "channel/"), ".example.json")
		channel, typ, _ := strings.Cut(strings.TrimSuffix(name, ".rich"), "/")
		if channel == "common" {
			channel = "store"
		}
		out = append(out, example{name, channel, typ, raw})
	}
	return out
}

func find(t testing.TB, name string) example {
	t.Helper()
	for _, x := range examples(t) {
		if x.name == name {
			return x
		}
	}
	require.Fail(t, "no such example", name)
	return example{}
}

func noStamps(identifier.Key) int64 { return 0 }
