package resolve

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"rcu/pkg/identifier"
)

// A Cell is one packed value outside the graph: a leaf, a reference register, a consent register. Each is a key of its own, written by one
// function that compares the version.
type Cell struct {
	Key     string
	Version uint64 // of what was read; 0 = absent. A commit gives the version it was planned on and stores a higher one
	Value   []byte
}

// Member is one entry of a leaf index: see LeafIndex and LeafMember.
type Member struct{ Set, Member string }

// Plain is a value without a version: the last writer holds.
type Plain struct {
	Key   string
	Value []byte
}

// Cells is where cells, sets, plain values and counters lie. Every key stands alone: no call promises anything over two keys. Calls of many keys
// are one round trip per few hundred. Absent and empty are the same thing to a reader, apart from the version.
type Cells interface {
	// LoadCells reads the cells of the keys, in their order; an absent one has version 0 and no value.
	LoadCells(ctx context.Context, keys []string) ([]Cell, error)
	// Versions reads the versions of the cells of the keys, in their order; 0 = absent.
	Versions(ctx context.Context, keys []string) ([]uint64, error)
	// CommitCells writes each cell whose Version is still the stored one, under a higher version, and says of each whether it was written;
	// those that were have their new Version then. A version is never given twice, also not by a store that lost its last writes.
	// After an error nothing is known of any of them: read again. A cell without value keeps its version, so that versions never start over.
	CommitCells(ctx context.Context, cells []Cell) ([]bool, error)
	// AddMembers adds to sets. Adding again changes nothing.
	AddMembers(ctx context.Context, members []Member) error
	// Members reads whole sets, each sorted.
	Members(ctx context.Context, sets []string) ([][]string, error)
	// SetPlain writes plain values.
	SetPlain(ctx context.Context, values []Plain) error
	// GetPlain reads plain values, in the order of the keys; nil = absent.
	GetPlain(ctx context.Context, keys []string) ([][]byte, error)
	// Count moves a counter on by at least n, which is positive, and returns its value: a number that was never returned before, also not by a
	// store that lost its last writes.
	Count(ctx context.Context, key string, n int64) (int64, error)
}

// LeafKeySize is the length of a leaf's key: the first bytes of SHA-256 over space, controller and encoded leaf.
const LeafKeySize = 16

// ErrMember says that a member of a leaf index is none.
var ErrMember = errors.New("not a member of a leaf index")

// LeafCell is the key of a leaf's state. The key of a leaf is a digest that holds the space and the controller; its state says them.
func LeafCell(_, _ string, leaf []byte) string {
	var room [64]byte
	return string(base64.RawURLEncoding.AppendEncode(append(room[:0], "l:"...), leaf))
}

// ReferenceCell is the key of a reference register.
func ReferenceCell(space string, reference identifier.Key) string {
	return "r:" + space + ":" + reference.Value
}

// ConsentCell is the key of the consent register of a point and controller.
func ConsentCell(space, controller string, point identifier.Key) string {
	return "cr:" + space + ":" + controller + ":" + point.Value
}

// LeafIndex is the set of the leaves that name an identifier.
func LeafIndex(space string, key identifier.Key) string { return "li:" + space + ":" + key.Value }

// OwnerValue is the key of the last published owner of a leaf.
func OwnerValue(_ string, leaf []byte) string { return "lo:" + string(leaf) }

// LeafMember names a leaf in a leaf index: its controller and its key.
func LeafMember(controller string, leaf []byte) string { return controller + "\x00" + string(leaf) }

// ParseLeafMember reads what LeafMember wrote.
func ParseLeafMember(m string) (controller string, leaf []byte, err error) {
	controller, key, ok := strings.Cut(m, "\x00")
	if !ok || len(key) != LeafKeySize {
		return "", nil, fmt.Errorf("reading %d bytes: %w", len(m), ErrMember)
	}
	return controller, []byte(key), nil
}
