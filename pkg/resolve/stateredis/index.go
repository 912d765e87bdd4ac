package stateredis

import (
	"context"
	_ "embed" // the functions
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"

	"github.com/redis/go-redis/v9"

	"rcu/pkg/match"
)

//go:embed index.lua
var indexFunctions string

const (
	indexAdd     = "rcu_index_add_v1"
	indexRemove  = "rcu_index_remove_v1"
	indexSuggest = "rcu_index_suggest_v1"

	// indexBuckets is the number of the buckets of blocks of a space, as a power of two: half a million hold the blocks of some four million
	// people packed.
	indexBuckets = 19
	// blockName is the length of a block's name in its bucket: with the number of the bucket all of its digest that counts.
	blockName = 6
	// listedSize is the length of an id in a list.
	listedSize = 8
	// listPieces is in how many pieces a list may lie, as in index.lua.
	listPieces = 8

	// The first byte of an entry: its version, and whether it was compared.
	entryListed, entryCompared = 1, 2
)

// Index is match.Index on Redis: lists of short ids under blocks in packed buckets, entries under keys of their own. Safe for concurrent use.
type Index struct {
	c     *Client
	cells *Cells // pipelines
}

var _ match.Index = (*Index)(nil)

// NewIndex returns the index of a client.
func NewIndex(c *Client) *Index { return &Index{c, NewCells(c)} }

// blockSpot is where the list of a block lies.
func blockSpot(space string, b match.Block) (bucket, name string) {
	number := binary.BigEndian.Uint32(b[:4]) >> (32 - indexBuckets)
	return "mb:" + space + ":" + hex.EncodeToString(binary.BigEndian.AppendUint32(nil, number)[1:]), string(b[len(b)-blockName:])
}

func entryKey(space, id string) string     { return "me:" + space + ":" + id }
func entryCount(space string) string       { return "mn:" + space }
func suggestionOrder(space string) string  { return "{" + space + "}:suggested" }
func suggestionValues(space string) string { return "{" + space + "}:suggestions" }
func listed(id string) string              { return id[:listedSize] }
func encodeEntry(e *match.Entry) []byte {
	b := append([]byte{entryListed}, e.ID...)
	if e.Compared {
		b[0] = entryCompared
	}
	b = append(b, byte(len(e.Blocks))) //nolint:gosec // G115: checked to be at most 64
	for _, x := range e.Blocks {
		b = append(b, x[:]...)
	}
	return append(b, e.Sealed...)
}

func decodeEntry(b []byte) (match.Entry, error) {
	const head = 2 + match.EntryIDSize
	if len(b) == 0 {
		return match.Entry{}, nil
	}
	if len(b) < head || b[0] != entryListed && b[0] != entryCompared || len(b) < head+len(match.Block{})*int(b[head-1]) {
		return match.Entry{}, fmt.Errorf("reading an entry of %d bytes: %w", len(b), ErrCorrupt)
	}
	e := match.Entry{ID: string(b[1 : head-1]), Compared: b[0] == entryCompared}
	at := head
	for range b[head-1] {
		e.Blocks = append(e.Blocks, match.Block(b[at:]))
		at += len(match.Block{})
	}
	e.Sealed = b[at:]
	return e, nil
}

// PutEntry implements match.Index. The entry names its old and new blocks until it is unlisted from the old ones: wherever this ends, doing
// it again finds all of them.
func (x *Index) PutEntry(ctx context.Context, space string, e match.Entry) (full int, err error) {
	if err := e.Check(); err != nil {
		return 0, err //nolint:wrapcheck // says all
	}
	old, err := x.Entry(ctx, space, listed(e.ID))
	if err != nil {
		return 0, err
	}
	var gone []match.Block
	for _, b := range old.Blocks {
		if !slices.Contains(e.Blocks, b) {
			gone = append(gone, b)
		}
	}
	if len(gone) > 0 {
		both := match.Entry{ID: e.ID, Blocks: append(slices.Clone(e.Blocks), gone...), Sealed: e.Sealed}
		if err := x.cells.pipeline(ctx, func(p redis.Pipeliner) { p.Set(ctx, entryKey(space, listed(e.ID)), encodeEntry(&both), 0) }); err != nil {
			return 0, fmt.Errorf("putting an entry: %w", err)
		}
	}
	added := make([]*redis.Cmd, len(e.Blocks))
	err = x.cells.pipeline(ctx, func(p redis.Pipeliner) {
		for i, b := range e.Blocks {
			bucket, name := blockSpot(space, b)
			added[i] = p.FCall(ctx, indexAdd, []string{bucket}, name, listed(e.ID))
		}
		x.unlist(ctx, p, space, e.ID, gone)
		p.Set(ctx, entryKey(space, listed(e.ID)), encodeEntry(&e), 0)
		if old.ID == "" {
			p.Incr(ctx, entryCount(space))
		}
	})
	if err != nil {
		return 0, fmt.Errorf("putting an entry: %w", err)
	}
	for _, cmd := range added {
		if n, _ := cmd.Int64(); n == 0 {
			full++
		}
	}
	return full, nil
}

func (x *Index) unlist(ctx context.Context, p redis.Pipeliner, space, id string, blocks []match.Block) {
	for _, b := range blocks {
		bucket, name := blockSpot(space, b)
		p.FCall(ctx, indexRemove, []string{bucket}, name, listed(id))
	}
}

// SetCompared implements match.Index.
func (x *Index) SetCompared(ctx context.Context, space string, e match.Entry) error {
	e.Compared = true
	err := x.cells.pipeline(ctx, func(p redis.Pipeliner) { p.SetXX(ctx, entryKey(space, listed(e.ID)), encodeEntry(&e), 0) })
	if err != nil {
		return fmt.Errorf("keeping that an entry was compared: %w", err)
	}
	return nil
}

// RemoveEntry implements match.Index.
func (x *Index) RemoveEntry(ctx context.Context, space, id string) error {
	e, err := x.Entry(ctx, space, id)
	if err != nil || e.ID == "" {
		return err
	}
	err = x.cells.pipeline(ctx, func(p redis.Pipeliner) { x.unlist(ctx, p, space, id, e.Blocks) })
	var gone *redis.IntCmd
	if err == nil {
		err = x.cells.pipeline(ctx, func(p redis.Pipeliner) { gone = p.Del(ctx, entryKey(space, listed(id))) })
	}
	if err == nil && gone.Val() > 0 { // of several who remove it at once, one
		err = x.cells.pipeline(ctx, func(p redis.Pipeliner) { p.Decr(ctx, entryCount(space)) })
	}
	if err != nil {
		return fmt.Errorf("removing an entry: %w", err)
	}
	return nil
}

// Near implements match.Index.
func (x *Index) Near(ctx context.Context, space string, blocks []match.Block, most int) ([]match.Entry, error) {
	pieces := make([]*redis.SliceCmd, len(blocks))
	err := x.cells.pipeline(ctx, func(p redis.Pipeliner) {
		for i, b := range blocks {
			bucket, name := blockSpot(space, b)
			fields := make([]string, listPieces)
			for n := range fields {
				fields[n] = name + string(rune(n))
			}
			pieces[i] = p.HMGet(ctx, bucket, fields...)
		}
	})
	if err != nil {
		return nil, fmt.Errorf("looking for entries under %d blocks: %w", len(blocks), err)
	}
	lists := make([][]string, len(blocks))
	for i, cmd := range pieces {
		for _, v := range cmd.Val() {
			held, _ := v.(string)
			for at := 0; at+listedSize <= len(held); at += listedSize {
				lists[i] = append(lists[i], held[at:at+listedSize])
			}
		}
	}
	ids := match.Near(lists, most)
	keys := make([]string, len(ids))
	for i, id := range ids {
		keys[i] = entryKey(space, id)
	}
	values, err := x.cells.get(ctx, keys)
	if err != nil {
		return nil, fmt.Errorf("reading %d entries: %w", len(keys), err)
	}
	out := make([]match.Entry, 0, len(values))
	for _, v := range values {
		e, err := decodeEntry(v)
		if err != nil {
			return nil, err
		}
		if e.ID != "" {
			out = append(out, e)
		}
	}
	return out, nil
}

// Entry implements match.Index.
func (x *Index) Entry(ctx context.Context, space, id string) (match.Entry, error) {
	values, err := x.cells.get(ctx, []string{entryKey(space, listed(id))})
	if err != nil {
		return match.Entry{}, fmt.Errorf("reading an entry: %w", err)
	}
	e, err := decodeEntry(values[0])
	if err == nil && len(id) == match.EntryIDSize && e.ID != id {
		return match.Entry{}, nil // another record whose id begins alike
	}
	return e, err
}

// CountEntries implements match.Index.
func (x *Index) CountEntries(ctx context.Context, space string) (int64, error) {
	n, err := x.c.rdb.Get(ctx, entryCount(space)).Int64()
	if err != nil && !errors.Is(err, redis.Nil) {
		return 0, fmt.Errorf("counting entries: %w", withoutKey(err))
	}
	return max(n, 0), nil
}
