package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"

	"rcu/services/e2e/resp"
)

// kinds of keys, as their beginning shows them, in the order of the report.
var kinds = []struct{ prefix, says string }{
	{"p:", "pointer of an identifier"},
	{"c:", "component"},
	{"l:", "leaf"},
	{"li:", "leaves of an identifier"},
	{"r:", "reference register"},
	{"cr:", "consent register"},
	{"k:", "subject key"},
	{"lo:", "owner last published"},
	{"", "other"},
}

// kindMemory is what the keys of one kind take.
type kindMemory struct {
	Kind     string  `json:"kind"`
	Says     string  `json:"says"`
	Keys     int     `json:"keys"`
	Sampled  int     `json:"sampled"`
	PerKey   float64 `json:"bytes_per_key"`
	PerOwner float64 `json:"bytes_per_profile"`
}

// memoryFigures are Redis' bytes by kind of key.
type memoryFigures struct {
	Profiles int64        `json:"profiles"`
	Used     int64        `json:"used_memory"`
	Kinds    []kindMemory `json:"kinds"`
	Total    float64      `json:"bytes_per_profile"`
}

// samples is the number of keys of a kind whose memory is asked for.
const samples = 2000

// memory walks over all keys and asks for the memory of a sample of each kind.
func memory(ctx context.Context, s *stack) (*memoryFigures, error) {
	f := &memoryFigures{}
	var err error
	if f.Profiles, err = s.count(ctx, "SELECT uniqExact(rcu_id) FROM profiles FINAL WHERE gone = 0"); err != nil {
		return nil, err
	}
	c, err := resp.Dial(ctx, s.redis.Addr())
	if err != nil {
		return nil, err
	}
	defer c.Close()
	if f.Used, err = c.UsedMemory(); err != nil {
		return nil, err
	}
	keys, err := keysByKind(c)
	if err != nil {
		return nil, err
	}
	r := rand.New(rand.NewPCG(1, 2))
	for i, k := range kinds {
		list := keys[i]
		if len(list) == 0 {
			continue
		}
		r.Shuffle(len(list), func(a, b int) { list[a], list[b] = list[b], list[a] })
		n := min(len(list), samples)
		bytes, err := usage(c, list[:n])
		if err != nil {
			return nil, err
		}
		m := kindMemory{Kind: k.prefix, Says: k.says, Keys: len(list), Sampled: n, PerKey: float64(bytes) / float64(n)}
		m.PerOwner = m.PerKey * float64(len(list)) / float64(max(f.Profiles, 1))
		f.Total += m.PerOwner
		f.Kinds = append(f.Kinds, m)
	}
	return f, nil
}

// keysByKind sorts all keys by kind.
func keysByKind(c *resp.Conn) ([][]string, error) {
	out := make([][]string, len(kinds))
	err := c.Scan("*", func(key string) {
		i := kindOf(key)
		out[i] = append(out[i], key)
	})
	return out, err //nolint:wrapcheck // says all
}

func kindOf(key string) int {
	if strings.HasPrefix(key, "{") {
		_, key, _ = strings.Cut(key, "}:")
	}
	for i, k := range kinds {
		if strings.HasPrefix(key, k.prefix) {
			return i
		}
	}
	return len(kinds) - 1
}

// usage adds up the memory of keys.
func usage(c *resp.Conn, keys []string) (int64, error) {
	commands := make([][]string, len(keys))
	for i, k := range keys {
		commands[i] = []string{"MEMORY", "USAGE", k, "SAMPLES", "0"}
	}
	answers, err := c.Pipeline(commands...)
	if err != nil {
		return 0, err
	}
	var sum int64
	for _, a := range answers {
		n, ok := a.(int64)
		if !ok {
			return 0, fmt.Errorf("redis does not tell the memory of a key: %T", a)
		}
		sum += n
	}
	return sum, nil
}
