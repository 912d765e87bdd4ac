package rebuild

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"rcu/pkg/consent"
	"rcu/pkg/identifier"
	"rcu/pkg/profile"
	"rcu/pkg/resolve"
	"rcu/pkg/stream"
	"rcu/pkg/vault"
	eventpb "rcu/schemas/event"
	"rcu/services/resolver"
)

// firstSubjectPartition of rcu.keys holds keys of subjects; those before it hold daily keys, which live on Kafka alone.
const firstSubjectPartition = 1

var errNoLeaf = errors.New("the changelog of leaves holds a key of something else")

// changelogs decodes records of a topic of packed values.
func changelogs(records []stream.Record) ([]*eventpb.Changelog, error) {
	out := make([]*eventpb.Changelog, 0, len(records))
	for _, r := range records {
		if r.Value == nil {
			continue
		}
		c := new(eventpb.Changelog)
		if err := r.Decode(c); err != nil {
			return nil, fmt.Errorf("reading a changelog: %w", err)
		}
		out = append(out, c)
	}
	return out, nil
}

// newestOf lists the newest value of each key. A leaf that lives is told once a second, and compaction comes late.
func newestOf(all []*eventpb.Changelog) []*eventpb.Changelog {
	place := make(map[string]int, len(all))
	out := all[:0:0]
	for _, c := range all {
		i, known := place[string(c.GetKey())]
		switch {
		case !known:
			place[string(c.GetKey())] = len(out)
			out = append(out, c)
		case out[i].GetVersion() < c.GetVersion():
			out[i] = c
		}
	}
	return out
}

func cellOf(c *eventpb.Changelog) resolve.Cell {
	return resolve.Cell{Key: string(c.GetKey()), Version: c.GetVersion(), Value: c.GetValue()}
}

// putLeaves stores leaves. The registers of references stand already: a reference leaf is listed under all that its register names.
func (w *work) putLeaves(ctx context.Context, records []stream.Record) error {
	all, err := changelogs(records)
	if err != nil {
		return err
	}
	var cells []resolve.Cell
	listed := map[string][]leaf{}
	for _, c := range newestOf(all) {
		state, err := profile.Decode(c.GetValue())
		if err != nil {
			return fmt.Errorf("reading a leaf: %w", err)
		}
		cells = append(cells, cellOf(c))
		w.erased(cellOf(c))
		key, ok := resolve.LeafKeyOf(string(c.GetKey()))
		if !ok {
			return errNoLeaf
		}
		if !state.Empty() {
			listed[c.GetSpace()] = append(listed[c.GetSpace()], leaf{state, resolve.LeafMember(state.Controller(), key)})
		}
	}
	for space, leaves := range listed {
		if err := w.list(ctx, space, leaves); err != nil {
			return err
		}
	}
	w.mu.Lock()
	w.report.Leaves += int64(len(cells))
	w.mu.Unlock()
	return w.cells.PutCells(ctx, cells) //nolint:wrapcheck // says all
}

// erased remembers a value that its changelog says is gone. Registers that others write are not among them.
func (w *work) erased(c resolve.Cell) {
	if len(c.Value) > 0 || shared[kindOf(c.Key)] != nil {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.gone = append(w.gone, c.Key)
}

// removeErased takes away what is left of values that are gone: a version, and pieces of a longer value of before, which an older record brought.
func (w *work) removeErased(ctx context.Context) error {
	for some := range slices.Chunk(w.gone, chunkRecords) {
		cells, err := w.cells.LoadCells(ctx, some)
		if err != nil {
			return err //nolint:wrapcheck // says all
		}
		cells = slices.DeleteFunc(cells, func(c resolve.Cell) bool { return len(c.Value) > 0 })
		if _, err := w.cells.RemoveCells(ctx, cells); err != nil {
			return err //nolint:wrapcheck // says all
		}
	}
	return nil
}

// leaf is a leaf and its name in leaf indexes.
type leaf struct {
	state  *profile.State
	member string
}

// list writes the leaf indexes of leaves, before the leaves.
func (w *work) list(ctx context.Context, space string, leaves []leaf) error {
	var references []identifier.Key
	for _, l := range leaves {
		if ref := l.state.Leaf().Reference; ref.Value != "" {
			references = append(references, ref)
		}
	}
	registers, err := resolve.LoadRegisters(ctx, w.cells, space, references)
	if err != nil {
		return err //nolint:wrapcheck // says all
	}
	var members []resolve.Member
	var buf [8]identifier.Key
	for _, l := range leaves {
		keys := l.state.Leaf().Keys(buf[:0])
		for _, shown := range registers[l.state.Leaf().Reference] {
			keys = append(keys, shown.Key)
		}
		for _, k := range keys {
			members = append(members, resolve.Member{Set: resolve.LeafIndex(space, k), Member: l.member})
		}
	}
	return w.cells.PutMembers(ctx, members) //nolint:wrapcheck // says all
}

// kindOf is what stands before the first colon of a cell's key.
func kindOf(cell string) string { kind, _, _ := strings.Cut(cell, ":"); return kind }

var consentKind = kindOf(resolve.ConsentCell("", "", identifier.Key{}))

// shared are the kinds of registers that others than the resolver write too, with what joins two values of one.
var shared = map[string]func(a, b []byte) ([]byte, error){
	consentKind: mergeConsents,
	kindOf(resolve.WishCell("", "", identifier.Key{})):               resolve.MergeWishes,
	kindOf(resolve.ActsCell("", identifier.Key{}, identifier.Key{})): mergeActs,
}

// putRegisters stores registers. Ingestors write consent registers at any time, and stewards registers of acts, also into a Redis that
// is just being filled: what stands there is joined, so that no denial and no act is lost.
func (w *work) putRegisters(ctx context.Context, records []stream.Record) error {
	all, err := changelogs(records)
	if err != nil {
		return err
	}
	var own, joint []resolve.Cell
	for _, c := range newestOf(all) {
		if x := cellOf(c); shared[kindOf(x.Key)] == nil {
			own = append(own, x)
			w.erased(x)
		} else {
			joint = append(joint, x)
		}
	}
	if err := w.cells.PutCells(ctx, own); err != nil {
		return err //nolint:wrapcheck // says all
	}
	return w.join(ctx, joint)
}

// join puts registers that others write too, each once. One that stands is joined, and written over only while it stands as it was read.
func (w *work) join(ctx context.Context, cells []resolve.Cell) error {
	places, err := w.cells.PutAbsent(ctx, cells)
	todo := make([]resolve.Cell, len(places))
	for n, i := range places {
		todo[n] = cells[i]
	}
	for try := 0; err == nil && len(todo) > 0; try++ {
		if try == joinTries {
			return errContended
		}
		todo, err = w.joinStanding(ctx, todo)
	}
	return err //nolint:wrapcheck // says all
}

// joinStanding joins registers into those that stand, and returns the ones of which another was written meanwhile.
func (w *work) joinStanding(ctx context.Context, cells []resolve.Cell) (left []resolve.Cell, err error) {
	keys := make([]string, len(cells))
	for i, c := range cells {
		keys[i] = c.Key
	}
	standing, err := w.cells.LoadCells(ctx, keys)
	if err != nil {
		return nil, err //nolint:wrapcheck // says all
	}
	var places []int
	var merged []resolve.Cell
	var held []uint64
	for i, s := range standing {
		if s.Version == cells[i].Version {
			continue
		}
		m, err := merge(s, cells[i])
		if err != nil {
			return nil, err
		}
		places, merged, held = append(places, i), append(merged, m), append(held, s.Version)
	}
	written, err := w.cells.PutOver(ctx, merged, held)
	if err != nil {
		return nil, err //nolint:wrapcheck // says all
	}
	for n, ok := range written {
		if !ok {
			left = append(left, cells[places[n]])
		}
	}
	return left, nil
}

// merge joins two values of one register under a version above both.
func merge(a, b resolve.Cell) (resolve.Cell, error) {
	value, err := shared[kindOf(a.Key)](a.Value, b.Value)
	return resolve.Cell{Key: a.Key, Version: max(a.Version, b.Version) + 1, Value: value}, err
}

func mergeConsents(a, b []byte) ([]byte, error) {
	x, err := consent.DecodeRegister(a)
	if err != nil {
		return nil, fmt.Errorf("reading a consent register: %w", err)
	}
	y, err := consent.DecodeRegister(b)
	if err != nil {
		return nil, fmt.Errorf("reading a consent register: %w", err)
	}
	return x.Merge(y).Encode(), nil
}

func mergeActs(a, b []byte) ([]byte, error) {
	x, err := resolve.DecodeActs(a)
	if err != nil {
		return nil, err //nolint:wrapcheck // says all
	}
	y, err := resolve.DecodeActs(b)
	if err != nil {
		return nil, err //nolint:wrapcheck // says all
	}
	joined, _ := x.Join(y...)
	return joined.Encode() //nolint:wrapcheck // says all
}

// putOwners stores what was published of the owners of leaves.
func (w *work) putOwners(ctx context.Context, records []stream.Record) error {
	cells := make([]resolve.Cell, 0, len(records))
	for _, r := range records {
		if r.Value == nil {
			continue
		}
		var o eventpb.Owner
		if err := r.Decode(&o); err != nil {
			return fmt.Errorf("reading an owner: %w", err)
		}
		w.see(o.GetSpace(), o.GetVersion())
		cells = append(cells, resolver.OwnerCell(&o))
	}
	return w.cells.PutCells(ctx, cells) //nolint:wrapcheck // says all
}

// see remembers a space and the highest number of its overrides.
func (w *work) see(space string, number uint64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.sees[space] = max(w.sees[space], number)
}

// Versions of wrapped keys whose records do not carry any: those of programs before, of which a key was made once, and tombstones, which nothing passes but
// what is written behind the rebuild.
const (
	keyMade = 1
	keyGone = 1 << 40
)

// putKeys stores the wrapped keys of subjects. One that was destroyed stays so, also when an older record comes behind: what its record leaves has a version.
func (w *work) putKeys(ctx context.Context, records []stream.Record) error {
	cells := make([]resolve.Cell, 0, len(records))
	for _, r := range records {
		if vault.ParseDailyRecordKey(r.Key) != nil {
			continue
		}
		cell := resolve.Cell{Key: string(r.Key), Version: keyGone}
		if r.Value != nil {
			var k eventpb.WrappedKey
			if err := r.Decode(&k); err != nil {
				return fmt.Errorf("reading a wrapped key: %w", err)
			}
			cell.Version, cell.Value = max(k.GetVersion(), keyMade), k.GetWrapped()
		}
		cells = append(cells, cell)
	}
	return w.cells.PutCells(ctx, cells) //nolint:wrapcheck // says all
}

// putGraph stores the components of commits that are on the changelog whole: of each the newest of these records, or that it is gone.
func (w *work) putGraph(ctx context.Context, records []stream.Record) error {
	bySpace := map[string][]resolve.StoredRecord{}
	for _, r := range records {
		space, x, is, err := resolver.GraphRecord(r)
		if err != nil {
			return err //nolint:wrapcheck // says all
		}
		if !is {
			continue
		}
		w.commit(space, x.Version)
		if w.whole(space, x.Version) {
			bySpace[space] = append(bySpace[space], x)
		}
	}
	for space, some := range bySpace {
		w.see(space, 0)
		if err := w.graph.PutRecords(ctx, space, resolve.NewestRecords(some)); err != nil {
			return err //nolint:wrapcheck // says all
		}
	}
	return nil
}
