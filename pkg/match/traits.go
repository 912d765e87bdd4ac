package match

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
)

// Trait is one property of a person, as a record says it.
type Trait struct {
	Kind  Kind
	Value string
}

// Traits are what one record of the stream says of a person: the row of a file without columns.
type Traits []Trait

// Limits of traits: of each kind the first two count.
const (
	maxTraits = 32
	ofOneKind = 2
)

// traitsVersion begins packed traits.
const traitsVersion = 1

// ErrTraits says that packed traits cannot be read.
var ErrTraits = errors.New("not packed traits")

// Sorted returns the traits in their order, without empty ones and repetitions: what is packed of them does not hang on the order in which
// they were found.
func (t Traits) Sorted() Traits {
	out := make(Traits, 0, len(t))
	for _, x := range t {
		if x.Kind != KindNone && x.Kind < kinds && len(x.Value) <= maxCell && plain(x.Value) != "" {
			out = append(out, x)
		}
	}
	slices.SortFunc(out, func(a, b Trait) int {
		if a.Kind != b.Kind {
			return int(a.Kind) - int(b.Kind)
		}
		return compareTexts(a.Value, b.Value)
	})
	out = slices.Compact(out)
	return out[:min(len(out), maxTraits)]
}

func compareTexts(a, b string) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// Pack packs traits: a version, then the kind, length and bytes of each.
func (t Traits) Pack() string {
	b := []byte{traitsVersion}
	for _, x := range t {
		b = append(b, byte(x.Kind))
		b = binary.AppendUvarint(b, uint64(len(x.Value)))
		b = append(b, x.Value...)
	}
	return string(b)
}

// ParseTraits reads what Pack wrote.
func ParseTraits(packed string) (Traits, error) {
	if packed == "" || packed[0] != traitsVersion {
		return nil, fmt.Errorf("%w: of another version", ErrTraits)
	}
	var out Traits
	for b := []byte(packed[1:]); len(b) > 0; {
		kind := Kind(b[0])
		n, used := binary.Uvarint(b[1:])
		if kind == KindNone || kind >= kinds || used <= 0 || n > maxCell || n > uint64(len(b)-1-used) || len(out) == maxTraits { //nolint:gosec // G115: used is at most the rest
			return nil, fmt.Errorf("%w: cut or changed", ErrTraits)
		}
		from := 1 + used
		out = append(out, Trait{kind, string(b[from : from+int(n)])})
		b = b[from+int(n):]
	}
	return out, nil
}

// traitColumns are the columns that traits stand in: each kind as often as it counts.
var traitColumns = func() (out []Column) {
	for k := KindGiven; k < kinds; k++ {
		for range ofOneKind {
			out = append(out, Column{Name: k.String(), Kind: k})
		}
	}
	return out
}()

// row is the row of traits.
func (t Traits) row() []string {
	out := make([]string, len(traitColumns))
	for _, x := range t {
		if x.Kind == KindNone || x.Kind >= kinds {
			continue
		}
		at := ofOneKind * (int(x.Kind) - 1)
		for i := at; i < at+ofOneKind; i++ {
			if out[i] == "" {
				out[i] = x.Value
				break
			}
		}
	}
	return out
}

// recordsOfTraits makes the records of several traits, one row each, and says which form each is.
func recordsOfTraits(list ...Traits) (*Records, []Form) {
	b := NewBuilder(traitColumns)
	for _, t := range list {
		b.Add("", 0, t.row())
	}
	r := b.finish()
	forms := make([]Form, len(list))
	for _, row := range r.rows {
		forms[row.line] = row.Form
	}
	return r, forms
}
