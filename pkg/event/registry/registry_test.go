package registry_test

import (
	"encoding/json"
	"io/fs"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"rcu/pkg/consent"
	"rcu/pkg/event/registry"
	"rcu/schemas"
)

type schema struct {
	Ref        string            `json:"$ref"`
	Defs       map[string]schema `json:"$defs"`
	Properties map[string]schema `json:"properties"`
	Items      *schema           `json:"items"`
	Pattern    string            `json:"pattern"`
	Enum       []string          `json:"enum"`
}

func read(t *testing.T, file string) schema {
	t.Helper()
	raw, err := fs.ReadFile(schemas.Files, file)
	require.NoError(t, err)
	var s schema
	require.NoError(t, json.Unmarshal(raw, &s))
	return s
}

// leaves lists the paths of the fields that hold a value.
func leaves(envelope, s schema, at string) []string {
	if s.Ref != "" && len(s.Properties) == 0 && s.Items == nil {
		s = envelope.Defs[path.Base(s.Ref)]
	}
	var out []string
	switch {
	case len(s.Properties) > 0:
		for name, sub := range s.Properties {
			out = append(out, leaves(envelope, sub, strings.TrimPrefix(at+"."+name, "."))...)
		}
	case s.Items != nil:
		out = leaves(envelope, *s.Items, at+"[]")
	default:
		out = []string{at}
	}
	return out
}

// contracts lists every field of every contract as the schema files have them.
func contracts(t *testing.T) (fields map[string][]string, traits []string) {
	t.Helper()
	envelope := read(t, "channel/envelope.json")
	fields = map[string][]string{}
	for name, s := range envelope.Properties {
		if name == "traits" {
			traits = leaves(envelope, s, "")
			continue
		}
		fields["envelope"] = append(fields["envelope"], leaves(envelope, s, name)...)
	}
	files, err := fs.Glob(schemas.Files, "channel/*/*.json")
	require.NoError(t, err)
	for _, file := range files {
		if strings.HasSuffix(file, ".example.json") {
			continue
		}
		contract := strings.TrimSuffix(strings.TrimPrefix(file, "channel/"), ".json")
		fields[contract] = nil
		if data := read(t, file).Properties["data"]; len(data.Properties) > 0 {
			fields[contract] = leaves(envelope, data, "data")
		}
	}
	return fields, traits
}

// Every field and trait of the contracts has an entry, and every entry a field.
func TestRegisterIsComplete(t *testing.T) {
	t.Parallel()
	r, err := registry.Load(schemas.Files)
	require.NoError(t, err)
	fields, traits := contracts(t)
	require.ElementsMatch(t, traits, slices.Collect(maps.Keys(r.Traits)))
	require.ElementsMatch(t, slices.Collect(maps.Keys(fields)), slices.Collect(maps.Keys(r.Fields)))
	for contract, paths := range fields {
		require.ElementsMatch(t, paths, slices.Collect(maps.Keys(r.Fields[contract])), contract)
	}
}

// Other people are personal everywhere, and personal data stands nowhere else in data: all the rest lies on Kafka in the clear.
func TestPersonalFieldsOfData(t *testing.T) {
	t.Parallel()
	r, err := registry.Load(schemas.Files)
	require.NoError(t, err)
	other := regexp.MustCompile(`^data\.(recipient|beneficiary|guest)\.`)
	for contract, fields := range r.Fields {
		for at, f := range fields {
			require.Equal(t, other.MatchString(at), f.Sensitivity.Sealed(), "%s %s", contract, at)
		}
	}
}

// The purposes that the schema takes are those about which people decide.
func TestPurposesOfTheSchema(t *testing.T) {
	t.Parallel()
	r, err := registry.Load(schemas.Files)
	require.NoError(t, err)
	pattern := regexp.MustCompile(read(t, "channel/envelope.json").Defs["decision"].Properties["purpose"].Pattern)
	for name, p := range r.Purposes {
		if p.Parameter {
			require.False(t, pattern.MatchString(name), name)
			name += ":some-one"
		}
		require.Equal(t, p.Decidable, pattern.MatchString(name), name)
		got, ok := r.Purpose(name)
		require.True(t, ok, name)
		require.Equal(t, p.Basis, got.Basis)
	}
	for _, name := range []string{"everything", "sensitive", "sensitive:", "marketing:x", ""} {
		_, ok := r.Purpose(name)
		require.False(t, ok, name)
		require.False(t, pattern.MatchString(name), name)
	}
}

// The table that the gates are compiled with says what the register says.
func TestPurposesOfTheGates(t *testing.T) {
	t.Parallel()
	r, err := registry.Load(schemas.Files)
	require.NoError(t, err)
	require.Len(t, r.Purposes, len(consent.Purposes()))
	for _, info := range consent.Purposes() {
		p, ok := r.Purposes[string(info.Purpose)]
		require.True(t, ok, info.Purpose)
		require.Equal(t, string(info.Basis), p.Basis, info.Purpose)
		require.Equal(t, info.Default, p.Default, info.Purpose)
		require.Equal(t, info.Decidable, p.Decidable, info.Purpose)
		require.Equal(t, info.Parameter, p.Parameter, info.Purpose)
		require.Equal(t, info.Channels, p.Channels, info.Purpose)
		require.Equal(t, info.Months, p.ValidityMonths, info.Purpose)
		require.Len(t, p.On, len(info.On), info.Purpose)
		for channel, rule := range p.On {
			require.Equal(t, consent.ChannelRule{Months: rule.ValidityMonths, Inactivity: rule.InactivityMonths, SoftOptIn: rule.SoftOptIn}, info.On[channel], "%s %s", info.Purpose, channel)
			require.Equal(t, info.MonthsOn(channel), p.Months(channel), "%s %s", info.Purpose, channel)
		}
	}
}
