package stateredis

import (
	"cmp"
	"context"
	_ "embed" // the functions
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"rcu/pkg/resolve"
)

//go:embed markers.lua
var markerFunctions string

const (
	advanceFunction = "rcu_marker_advance_v1"
	settleFunction  = "rcu_marker_settle_v1"

	// mastersFor is how long the masters of a cluster are believed to be the same.
	mastersFor = time.Second
	// leafScans bounds the search for leaves on a node.
	leafScans = 50
)

// Markers is resolve.Markers on Redis: a cluster has a marker on every master, in a slot of its own. Safe for concurrent use.
type Markers struct {
	c *Client

	mu      sync.Mutex
	masters []master
	asked   time.Time
}

// master is a node that holds keys, and the tag of keys that lie on it.
type master struct{ addr, tag string }

var _ resolve.Markers = (*Markers)(nil)

// NewMarkers returns the markers of a client.
func NewMarkers(c *Client) *Markers { return &Markers{c: c} }

func (m master) holds() string { return "{" + m.tag + "}:rcu:holds" }

func (m master) marker(k resolve.MarkerKey) string {
	return "{" + m.tag + "}:rcu:at:" + k.Group + "/" + k.Topic + "/" + strconv.Itoa(k.Partition)
}

// Epoch implements resolve.Markers.
func (m *Markers) Epoch() uint64 { return m.c.watch.epoch.Load() }

// Tags gives the hash tag of keys on each master; of a server that is no cluster the empty one, as any key lies on it.
func (m *Markers) Tags(ctx context.Context) ([]string, error) {
	if _, cluster := m.c.rdb.(*redis.ClusterClient); !cluster {
		return []string{""}, nil
	}
	masters, err := m.nodes(ctx)
	if err != nil {
		return nil, err
	}
	tags := make([]string, len(masters))
	for i, node := range masters {
		tags[i] = node.tag
	}
	return tags, nil
}

// nodes lists the masters. Another list than before raises the epoch: slots have gone from one server to another.
func (m *Markers) nodes(ctx context.Context) ([]master, error) {
	cluster, ok := m.c.rdb.(*redis.ClusterClient)
	if !ok {
		return []master{{addr: "redis", tag: "rcu"}}, nil
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if time.Since(m.asked) < mastersFor {
		return m.masters, nil
	}
	slots, err := cluster.ClusterSlots(ctx).Result() //nolint:staticcheck // older servers have no other
	if err != nil {
		return nil, fmt.Errorf("asking for the masters: %w", err)
	}
	masters := mastersOf(slots)
	if m.masters != nil && !slices.Equal(masters, m.masters) {
		m.c.watch.epoch.Add(1)
	}
	m.masters, m.asked = masters, time.Now()
	return masters, nil
}

// mastersOf gives every master the tag of its lowest slot.
func mastersOf(slots []redis.ClusterSlot) []master {
	lowest := map[string]int{}
	for _, s := range slots {
		if len(s.Nodes) == 0 {
			continue
		}
		addr := s.Nodes[0].Addr
		if at, known := lowest[addr]; !known || s.Start < at {
			lowest[addr] = s.Start
		}
	}
	out := make([]master, 0, len(lowest))
	for addr, at := range lowest {
		out = append(out, master{addr, tagOf(uint16(at))}) //nolint:gosec // G115: below 16384
	}
	slices.SortFunc(out, func(a, b master) int { return cmp.Compare(a.addr, b.addr) })
	return out
}

// tags remembers the tag of each slot that was asked for.
var tags sync.Map

// tagOf is a hash tag whose keys lie in a slot.
func tagOf(slot uint16) string {
	if tag, known := tags.Load(slot); known {
		return tag.(string) //nolint:errcheck,forcetypeassert // nothing else is stored
	}
	for i := 0; ; i++ {
		if tag := strconv.Itoa(i); slotOf(tag) == slot {
			tags.Store(slot, tag)
			return tag
		}
	}
}

// slotOf is the cluster slot of a hash tag: CRC16 (XMODEM) modulo 16384.
func slotOf(tag string) uint16 {
	crc := uint16(0)
	for _, b := range []byte(tag) {
		crc ^= uint16(b) << 8
		for range 8 {
			if crc&0x8000 != 0 {
				crc = crc<<1 ^ 0x1021
			} else {
				crc <<= 1
			}
		}
	}
	return crc % 16384
}

// LoadMarkers implements resolve.Markers.
func (m *Markers) LoadMarkers(ctx context.Context, keys []resolve.MarkerKey) ([]resolve.NodeMarkers, error) {
	masters, err := m.nodes(ctx)
	if err != nil {
		return nil, err
	}
	all := make([]string, 0, len(masters)*(len(keys)+1))
	for _, node := range masters {
		all = append(all, node.holds())
		for _, k := range keys {
			all = append(all, node.marker(k))
		}
	}
	values, err := NewCells(m.c).GetPlain(ctx, all)
	if err != nil {
		return nil, fmt.Errorf("reading markers: %w", err)
	}
	out := make([]resolve.NodeMarkers, len(masters))
	for i, node := range masters {
		own := values[i*(len(keys)+1):]
		out[i] = resolve.NodeMarkers{Node: node.addr, Holds: own[0] != nil, Markers: make([]resolve.Marker, len(keys)), Known: make([]bool, len(keys))}
		for n, v := range own[1 : len(keys)+1] {
			if v == nil {
				continue
			}
			if out[i].Markers[n], err = resolve.DecodeMarker(v); err != nil {
				return nil, fmt.Errorf("reading markers: %w", errors.Join(err, ErrCorrupt))
			}
			out[i].Known[n] = true
		}
	}
	return out, nil
}

// Advance implements resolve.Markers.
func (m *Markers) Advance(ctx context.Context, key resolve.MarkerKey, from int64, to resolve.Marker) (bool, error) {
	masters, err := m.nodes(ctx)
	if err != nil {
		return false, err
	}
	cmds := make([]*redis.Cmd, len(masters))
	err = NewCells(m.c).pipeline(ctx, func(p redis.Pipeliner) {
		for i, node := range masters {
			cmds[i] = p.FCall(ctx, advanceFunction, []string{node.marker(key)}, from, to.Encode())
		}
	})
	if err != nil {
		return false, fmt.Errorf("advancing a marker: %w", err)
	}
	all := true
	for _, cmd := range cmds {
		n, err := cmd.Int64()
		if err != nil {
			return false, fmt.Errorf("advancing a marker: %w", err)
		}
		all = all && n == 1
	}
	return all, nil
}

// Settle implements resolve.Markers.
func (m *Markers) Settle(ctx context.Context, keys []resolve.MarkerKey, markers []resolve.Marker) error {
	masters, err := m.nodes(ctx)
	if err != nil {
		return err
	}
	for _, node := range masters {
		err := NewCells(m.c).pipeline(ctx, func(p redis.Pipeliner) {
			for i, k := range keys {
				p.FCall(ctx, settleFunction, []string{node.marker(k)}, markers[i].Encode())
			}
			p.Set(ctx, node.holds(), "1", 0)
		})
		if err != nil {
			return fmt.Errorf("settling markers: %w", err)
		}
	}
	return nil
}

// HoldsLeaves implements resolve.Markers.
func (m *Markers) HoldsLeaves(ctx context.Context) (bool, error) {
	found := func(ctx context.Context, node redis.Cmdable) (bool, error) {
		cursor := uint64(0)
		for range leafScans {
			keys, next, err := node.Scan(ctx, cursor, "*", 1000).Result()
			if err != nil {
				return false, fmt.Errorf("looking for leaves: %w", err)
			}
			if slices.ContainsFunc(keys, func(k string) bool { return strings.HasPrefix(k, "l:") || strings.HasSuffix(k, "}:rcu:holds") }) {
				return true, nil
			}
			if cursor = next; cursor == 0 {
				break
			}
		}
		return false, nil
	}
	cluster, ok := m.c.rdb.(*redis.ClusterClient)
	if !ok {
		return found(ctx, m.c.rdb)
	}
	err := cluster.ForEachMaster(ctx, func(ctx context.Context, node *redis.Client) error {
		ok, err := found(ctx, node)
		if err == nil && !ok {
			err = errNoLeaves
		}
		return err
	})
	if errors.Is(err, errNoLeaves) {
		return false, nil
	}
	return err == nil, err
}

var errNoLeaves = errors.New("a node holds no leaves")
