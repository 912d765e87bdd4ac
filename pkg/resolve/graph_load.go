package resolve

import (
	"context"
	"encoding/base64"
	"fmt"
	"math"
	"strings"

	"rcu/pkg/identifier"
	"rcu/pkg/identity"
)

// StoredRecord is a record as its changelog holds it; without a value it is gone.
type StoredRecord struct {
	Component ComponentKey
	Version   uint64 // of the commit by which it is gone; 0 = a changelog that does not say: for good
	Value     []byte
}

// version is that of the commit that wrote the record, or by which it is gone.
func (r *StoredRecord) version() uint64 {
	switch {
	case len(r.Value) > 0:
		return RecordVersion(string(r.Value))
	case r.Version == 0 || faults.goneForGood:
		return math.MaxUint64
	default:
		return r.Version
	}
}

// NewestRecords lists the newest of the records of each component, whatever order they come in. One that is gone may stand again: the commit by
// which it was gone was lost, and what stands was given a version above it (Overrule).
func NewestRecords(records []StoredRecord) []StoredRecord {
	place := make(map[ComponentKey]int, len(records))
	out := make([]StoredRecord, 0, len(records))
	for _, r := range records {
		i, known := place[r.Component]
		switch {
		case !known:
			place[r.Component] = len(out)
			out = append(out, r)
		case out[i].version() < r.version():
			out[i] = r
		}
	}
	return out
}

// RecordSummary is what the keys beside a record are made from.
type RecordSummary struct {
	Component ComponentKey
	Version   uint64
	Boundary  int64 // for the due index; 0 = none
	Review    identity.ReviewWeights
	Members   []identifier.Key
}

// GraphMeta is what a space keeps beside its records.
type GraphMeta struct {
	Version uint64 // the next commit gets a higher one
	Rules   uint64
	Content []byte // of the rules; empty for version 0
}

// GraphLoader is a GraphState that can be filled from its changelog. While it is, nothing else writes to the space.
type GraphLoader interface {
	GraphState
	// PutGraphMeta sets the rules of a space, and raises its version.
	PutGraphMeta(ctx context.Context, space string, meta GraphMeta) error
	// PutRecords stores records, none over a newer one, and deletes those that are gone.
	PutRecords(ctx context.Context, space string, records []StoredRecord) error
	// ClearQueues empties the due index and the review queues of a space.
	ClearQueues(ctx context.Context, space string) error
	// PutPointers lets each member lead to the newest of the records that hold it, puts records with a boundary into the due index and
	// those with something to review into their queues, which were emptied before, and returns the older ones of records that hold the same
	// identifier. Doing it again gives the same.
	PutPointers(ctx context.Context, space string, records []RecordSummary) (stale []ComponentKey, err error)
}

// Summarise reads what the keys beside a record are made from.
func Summarise(c ComponentKey, value string) (RecordSummary, error) {
	r, err := decodeRecord(value)
	if err != nil {
		return RecordSummary{}, err
	}
	s := RecordSummary{
		Component: c, Version: r.version, Boundary: r.boundary, Members: make([]identifier.Key, len(r.members)),
		Review: identity.Weigh(identity.Review(r.level, nodesOf(peopleOf(r.members)))),
	}
	for i, m := range r.members {
		s.Members[i] = m.Key
	}
	return s, nil
}

// loadStep is how many records are read at once.
const loadStep = 1000

// FinishLoad makes what stands beside the records that were put into a space: pointers, the due index and the review queues. An identifier is in one
// record alone, so of two that hold it the older one is gone and came back from a late writer: it is deleted. progress, which may be
// nil, is told how many records were gone through.
func FinishLoad(ctx context.Context, loader GraphLoader, space string, progress func(records int)) error {
	if err := loader.ClearQueues(ctx, space); err != nil {
		return err //nolint:wrapcheck // says all
	}
	for cursor := ""; ; {
		keys, next, err := loader.ScanComponents(ctx, space, cursor, loadStep)
		if err != nil {
			return fmt.Errorf("walking over components: %w", err)
		}
		some, err := summaries(ctx, loader, space, keys)
		if err != nil {
			return err
		}
		stale, err := loader.PutPointers(ctx, space, some)
		if err != nil {
			return fmt.Errorf("setting pointers: %w", err)
		}
		gone := make([]StoredRecord, len(stale))
		for i, c := range stale {
			gone[i].Component = c
		}
		if err := loader.PutRecords(ctx, space, gone); err != nil {
			return fmt.Errorf("deleting components that are gone: %w", err)
		}
		if progress != nil {
			progress(len(some))
		}
		if cursor = next; cursor == "" {
			return nil
		}
	}
}

func summaries(ctx context.Context, loader GraphLoader, space string, keys []ComponentKey) ([]RecordSummary, error) {
	if len(keys) == 0 {
		return nil, nil
	}
	snapshot, err := loader.LoadComponents(ctx, space, keys)
	if err != nil {
		return nil, fmt.Errorf("loading components: %w", err)
	}
	out := make([]RecordSummary, 0, len(snapshot.Records))
	for c, value := range snapshot.Records {
		s, err := Summarise(c, value)
		if err != nil {
			return nil, err
		}
		out = append(out, s)
	}
	return out, nil
}

// LeafKeyOf returns the key of the leaf whose state lies in a cell, as LeafCell wrote it; false for any other cell.
func LeafKeyOf(cell string) ([]byte, bool) {
	text, ok := strings.CutPrefix(cell, LeafCell("", "", nil))
	key, err := base64.RawURLEncoding.DecodeString(text)
	return key, ok && err == nil && len(key) == LeafKeySize && LeafCell("", "", key) == cell
}
