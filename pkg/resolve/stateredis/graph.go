package stateredis

import (
	"context"
	_ "embed" // the functions
	"encoding/binary"
	"fmt"
	"slices"
	"strconv"
	"sync"

	"github.com/redis/go-redis/v9"

	"rcu/pkg/identifier"
	"rcu/pkg/identity"
	"rcu/pkg/resolve"
)

//go:embed graph.lua
var graphFunctions string

const (
	graphCommitFunction = "rcu_graph_commit_v3"
	graphRulesFunction  = "rcu_graph_rules_v1"
	graphNumbers        = "rcu_graph_numbers_v1"

	// maxGraphKeys and maxRecordKeys bound the keys of one MGET, of pointers and of records: it must not hold the server up.
	maxGraphKeys  = 128
	maxRecordKeys = 32
	// componentBlock is how many component keys are taken from the counter at once. What a stopped process did not use is lost.
	componentBlock = 1024
	// maxLoads bounds how often a read is repeated whose records vanish under it.
	maxLoads = 100
)

// Graph is resolve.GraphState on Redis: the graph of a space lies in one slot and is written by one function. Safe for concurrent use.
type Graph struct {
	c *Client

	mu     sync.Mutex
	blocks map[string]componentRange
}

// componentRange is a range of component numbers that this process may use: next up to and including last.
type componentRange struct{ next, last uint64 }

var _ resolve.GraphState = (*Graph)(nil)

// NewGraph returns the graphs of a client.
func NewGraph(c *Client) *Graph { return &Graph{c: c, blocks: map[string]componentRange{}} }

// graphKeys makes the keys of one space: all have one hash tag, so they lie in one slot.
type graphKeys string

func (s graphKeys) meta() string { return "{" + string(s) + "}:meta" }
func (s graphKeys) due() string  { return "{" + string(s) + "}:due" }
func (s graphKeys) review(k identity.ReviewKind) string {
	return "{" + string(s) + "}:review:" + k.String()
}
func (s graphKeys) out() string                     { return "{" + string(s) + "}:out" }
func (s graphKeys) pointer(k identifier.Key) string { return "{" + string(s) + "}:p:" + k.Value }
func (s graphKeys) record(c resolve.ComponentKey) string {
	return "{" + string(s) + "}:c:" + string(c[:])
}

func (s graphKeys) componentOf(key string) (string, bool) {
	return cutPrefix(key, "{"+string(s)+"}:c:")
}
func (s graphKeys) anyRecord() string { return "{" + globEscape(string(s)) + "}:c:*" }

// LoadGraph implements resolve.GraphState: two round trips, however many keys.
func (g *Graph) LoadGraph(ctx context.Context, space string, keys []identifier.Key) (resolve.GraphSnapshot, error) {
	out := resolve.GraphSnapshot{Records: map[resolve.ComponentKey]string{}}
	s := graphKeys(space)
	pointers := make([]string, len(keys))
	for i, k := range keys {
		pointers[i] = s.pointer(k)
	}
	for range maxLoads {
		rules, values, err := g.readWithRules(ctx, s, pointers, maxGraphKeys)
		if err != nil {
			return out, fmt.Errorf("loading %d pointers: %w", len(keys), err)
		}
		out.RulesVersion = rules
		wanted, err := componentsOf(values, out.Records)
		if err != nil {
			return out, err
		}
		gone, err := g.loadRecords(ctx, s, wanted, out.Records)
		if err != nil || !gone {
			return out, err
		}
	}
	return out, resolve.ErrContended
}

// componentsOf lists the components that pointers lead to and that were not read yet, each once.
func componentsOf(pointers []any, read map[resolve.ComponentKey]string) ([]resolve.ComponentKey, error) {
	seen := make(map[resolve.ComponentKey]struct{}, len(pointers))
	out := make([]resolve.ComponentKey, 0, len(pointers))
	for _, p := range pointers {
		text, there := p.(string)
		if !there {
			continue
		}
		c, err := parsePointer(text)
		if err != nil {
			return nil, err
		}
		if _, known := read[c]; known {
			continue
		}
		if _, known := seen[c]; !known {
			seen[c] = struct{}{}
			out = append(out, c)
		}
	}
	return out, nil
}

// pointerValue is what a pointer to a component holds: its number in decimal digits, which Redis keeps as an integer in the place where
// other values have an address.
func pointerValue(c resolve.ComponentKey) string {
	return strconv.FormatUint(binary.BigEndian.Uint64(c[8:]), 10)
}

// parsePointer reads what pointerValue wrote.
func parsePointer(s string) (c resolve.ComponentKey, err error) {
	n, err := strconv.ParseUint(s, 10, 64)
	if err != nil || n == 0 {
		return c, fmt.Errorf("reading pointer of %d bytes: %w", len(s), ErrCorrupt)
	}
	binary.BigEndian.PutUint64(c[8:], n)
	return c, nil
}

func parseComponent(s string) (c resolve.ComponentKey, err error) {
	if len(s) != len(c) {
		return c, fmt.Errorf("reading component key of %d bytes: %w", len(s), ErrCorrupt)
	}
	copy(c[:], s)
	return c, nil
}

// loadRecords reads records; gone reports that some were away: their identifiers moved after the pointers were read.
func (g *Graph) loadRecords(ctx context.Context, s graphKeys, wanted []resolve.ComponentKey, into map[resolve.ComponentKey]string) (gone bool, err error) {
	keys := make([]string, len(wanted))
	for i, c := range wanted {
		keys[i] = s.record(c)
	}
	_, values, err := g.read(ctx, "", keys, maxRecordKeys)
	if err != nil {
		return false, fmt.Errorf("loading %d records: %w", len(wanted), err)
	}
	for i, v := range values {
		if text, there := v.(string); there {
			into[wanted[i]] = text
		} else {
			gone = true
		}
	}
	return gone, nil
}

func (g *Graph) readWithRules(ctx context.Context, s graphKeys, keys []string, atOnce int) (uint64, []any, error) {
	rules, values, err := g.read(ctx, s.meta(), keys, atOnce)
	if err != nil {
		return 0, nil, err
	}
	version, err := parseVersion(rules)
	return version, values, err
}

// read gets strings in one round trip, some by each command, and the rules version of meta if it is named. Absent ones are nil.
func (g *Graph) read(ctx context.Context, meta string, keys []string, atOnce int) (rules string, values []any, err error) {
	if len(keys) == 0 && meta == "" {
		return "", nil, nil
	}
	var head *redis.StringCmd
	var parts []*redis.SliceCmd
	err = g.pipeline(ctx, func(p redis.Pipeliner) {
		if meta != "" {
			head = p.HGet(ctx, meta, "rules")
		}
		for part := range slices.Chunk(keys, atOnce) {
			parts = append(parts, p.MGet(ctx, part...))
		}
	})
	if err != nil {
		return "", nil, err
	}
	values = make([]any, 0, len(keys))
	for _, part := range parts {
		values = append(values, part.Val()...)
	}
	if head != nil {
		rules = head.Val()
	}
	return rules, values, nil
}

func parseVersion(s string) (uint64, error) {
	if s == "" {
		return 0, nil
	}
	v, err := strconv.ParseUint(s, 10, 64)
	if err != nil {
		return 0, fmt.Errorf("reading version: %w", ErrCorrupt)
	}
	return v, nil
}

// LoadComponents implements resolve.GraphState.
func (g *Graph) LoadComponents(ctx context.Context, space string, keys []resolve.ComponentKey) (resolve.GraphSnapshot, error) {
	out := resolve.GraphSnapshot{Records: map[resolve.ComponentKey]string{}}
	s := graphKeys(space)
	names := make([]string, len(keys))
	for i, c := range keys {
		names[i] = s.record(c)
	}
	rules, values, err := g.readWithRules(ctx, s, names, maxRecordKeys)
	if err != nil {
		return out, fmt.Errorf("loading %d records: %w", len(keys), err)
	}
	out.RulesVersion = rules
	for i, v := range values {
		if text, there := v.(string); there {
			out.Records[keys[i]] = text
		}
	}
	return out, nil
}

// CommitGraph implements resolve.GraphState.
func (g *Graph) CommitGraph(ctx context.Context, space string, commits []*resolve.GraphCommit) ([]uint64, error) {
	if err := g.nameNew(ctx, space, commits); err != nil {
		return nil, err
	}
	out := make([]uint64, 0, len(commits))
	for part := range slices.Chunk(commits, maxPipeline) {
		cmds := make([]*redis.Cmd, len(part))
		err := g.pipeline(ctx, func(p redis.Pipeliner) {
			for i, c := range part {
				keys, args := commitCall(graphKeys(space), c)
				cmds[i] = p.FCall(ctx, graphCommitFunction, keys, args...)
			}
		})
		if err != nil {
			return nil, fmt.Errorf("committing %d plans: %w", len(commits), err)
		}
		for _, cmd := range cmds {
			n, err := cmd.Int64()
			if err != nil {
				return nil, fmt.Errorf("reading answer of a commit: %w", err)
			}
			out = append(out, uint64(max(n, 0)))
		}
	}
	return out, nil
}

// commitCall returns the keys and arguments of the function that commits c.
func commitCall(s graphKeys, c *resolve.GraphCommit) (keys []string, args []any) {
	keys = append(keys, s.meta(), s.due(), s.out())
	for k := range identity.ReviewKinds {
		keys = append(keys, s.review(k))
	}
	outbox := c.Outbox
	if outbox == nil {
		outbox = []byte{}
	}
	args = append(args, c.RulesVersion, c.Now, len(c.Pointers), len(c.Records), len(c.Writes), outbox, resolve.MaxReview)
	for _, p := range c.Pointers {
		keys = append(keys, s.pointer(p.Key))
	}
	for _, r := range c.Records {
		gone := ""
		if r.Gone {
			gone = "g"
		}
		keys = append(keys, s.record(r.Component))
		args = append(args, version(r.Version), gone, r.Component[:])
	}
	for i := range c.Writes {
		w := &c.Writes[i]
		keys = append(keys, s.record(w.Component))
		args = append(args, w.Component[:], w.Boundary, len(w.Moved), w.Value, reviewText(w.Review))
	}
	for i := range c.Writes {
		for _, k := range c.Writes[i].Moved {
			keys = append(keys, s.pointer(k))
		}
	}
	for _, k := range c.Dropped {
		keys = append(keys, s.pointer(k))
	}
	return keys, args
}

// nameNew gives every new record a key that was never used and never will be.
func (g *Graph) nameNew(ctx context.Context, space string, commits []*resolve.GraphCommit) error {
	var fresh []*resolve.ComponentKey
	for _, c := range commits {
		for i := range c.Writes {
			if c.Writes[i].Component.IsZero() {
				fresh = append(fresh, &c.Writes[i].Component)
			}
		}
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	b := g.blocks[space]
	for _, c := range fresh {
		if b.next == b.last {
			last, err := g.c.rdb.FCall(ctx, graphNumbers, []string{graphKeys(space).meta()}, "component", componentBlock).Int64()
			if err != nil {
				return fmt.Errorf("taking component keys: %w", withoutKey(err))
			}
			b = componentRange{uint64(last - componentBlock), uint64(last)} //nolint:gosec // a counter
		}
		b.next++
		binary.BigEndian.PutUint64(c[8:], b.next)
	}
	g.blocks[space] = b
	return nil
}

// pipeline sends commands in one round trip, as Cells does.
func (g *Graph) pipeline(ctx context.Context, fill func(redis.Pipeliner)) error {
	return (&Cells{c: g.c}).pipeline(ctx, fill)
}

// DueComponents implements resolve.GraphState.
func (g *Graph) DueComponents(ctx context.Context, space string, now int64, limit int) ([]resolve.ComponentKey, error) {
	by := &redis.ZRangeBy{Min: "-inf", Max: strconv.FormatInt(now, 10), Count: int64(limit)}
	texts, err := g.c.rdb.ZRangeByScore(ctx, graphKeys(space).due(), by).Result()
	if err != nil {
		return nil, fmt.Errorf("reading the due index: %w", err)
	}
	out := make([]resolve.ComponentKey, len(texts))
	for i, t := range texts {
		if out[i], err = parseComponent(t); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// GraphRules implements resolve.GraphState.
func (g *Graph) GraphRules(ctx context.Context, space string) (uint64, []byte, error) {
	values, err := g.c.rdb.HMGet(ctx, graphKeys(space).meta(), "rules", "content").Result()
	if err != nil {
		return 0, nil, fmt.Errorf("reading rules: %w", err)
	}
	text, _ := values[0].(string)
	content, _ := values[1].(string)
	version, err := parseVersion(text)
	return version, []byte(content), err
}

// SetGraphRules implements resolve.GraphState.
func (g *Graph) SetGraphRules(ctx context.Context, space string, expected uint64, content []byte) (bool, error) {
	n, err := g.c.rdb.FCall(ctx, graphRulesFunction, []string{graphKeys(space).meta()}, expected, content).Int64()
	if err != nil {
		return false, fmt.Errorf("setting rules: %w", withoutKey(err))
	}
	return n == 1, nil
}

// ReadOutbox implements resolve.GraphState.
func (g *Graph) ReadOutbox(ctx context.Context, space, after string, limit int) ([]resolve.OutboxItem, error) {
	from := "-"
	if after != "" {
		from = "(" + after
	}
	messages, err := g.c.rdb.XRangeN(ctx, graphKeys(space).out(), from, "+", int64(limit)).Result()
	if err != nil {
		return nil, fmt.Errorf("reading outbox: %w", err)
	}
	out := make([]resolve.OutboxItem, len(messages))
	for i, m := range messages {
		if out[i], err = parseItem(m); err != nil {
			return nil, err
		}
	}
	return out, nil
}
