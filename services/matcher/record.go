package matcher

import (
	"context"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"

	"rcu/pkg/consent"
	"rcu/pkg/identifier"
	"rcu/pkg/match"
	"rcu/pkg/profile"
	"rcu/pkg/resolve"
	"rcu/pkg/vault"
)

// errNoLeaf says that a record of the changelog is no leaf. It tells no value.
var errNoLeaf = errors.New("not a leaf")

// errNoChange says that a record tells neither of a register nor of a transition. It tells no value.
var errNoChange = errors.New("not a change of people")

// sealedAs is the name under which the traits of an entry are sealed.
const sealedAs = "match"

// subject is whose key seals the values of a leaf, at one controller.
type subject struct {
	controller string
	key        identifier.Key
}

// keysOf reads the keys of subjects. One whose key was destroyed has none.
func (s *Service) keysOf(ctx context.Context, space string, subjects []subject) (map[subject]vault.SubjectKey, error) {
	return keysOf(ctx, s.deps.Cells, s.deps.Keyring, space, subjects)
}

func keysOf(ctx context.Context, in resolve.Cells, ring *vault.Keyring, space string, subjects []subject) (map[subject]vault.SubjectKey, error) {
	names := make([]string, len(subjects))
	for i, x := range subjects {
		names[i] = resolve.SubjectKeyCell(space, x.controller, x.key)
	}
	cells, err := in.LoadCells(ctx, names)
	if err != nil {
		return nil, fmt.Errorf("reading the keys of subjects: %w", err)
	}
	return unwrapped(ring, subjects, cells)
}

// keysToTake reads the keys of subjects whose records are taken: none of those whose own register says that they are erased.
func (s *Service) keysToTake(ctx context.Context, space string, subjects []subject) (map[subject]vault.SubjectKey, error) {
	names := make([]string, 0, 2*len(subjects))
	for _, x := range subjects {
		names = append(names, resolve.SubjectKeyCell(space, x.controller, x.key))
	}
	for _, x := range subjects {
		names = append(names, resolve.ConsentCell(space, x.controller, x.key))
	}
	cells, err := s.deps.Cells.LoadCells(ctx, names)
	if err != nil {
		return nil, fmt.Errorf("reading the keys of subjects: %w", err)
	}
	out, err := unwrapped(s.deps.Keyring, subjects, cells[:len(subjects)])
	if err != nil {
		return nil, err
	}
	now := s.deps.Now().Unix()
	for i, register := range cells[len(subjects):] {
		if r, err := consent.DecodeRegister(register.Value); err == nil && r.On(consent.Erased, now) {
			delete(out, subjects[i])
		}
	}
	return out, nil
}

// unwrapped opens the keys of subjects. One whose key was destroyed has none.
func unwrapped(ring *vault.Keyring, subjects []subject, cells []resolve.Cell) (map[subject]vault.SubjectKey, error) {
	out := make(map[subject]vault.SubjectKey, len(subjects))
	for i, c := range cells {
		if len(c.Value) == 0 {
			continue
		}
		x := subjects[i]
		var err error
		if out[x], err = ring.SubjectKey(x.controller, hex.EncodeToString([]byte(x.key.Value)), c.Value); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// kindsOfTraits say which traits of a leaf are compared.
var kindsOfTraits = map[string]match.Kind{
	"given_name": match.KindGiven, "family_name": match.KindFamily, "birth_date": match.KindBirth, "address_line": match.KindStreet,
	"postal_code": match.KindPostcode, "city": match.KindTown, "region": match.KindRegion, "title": match.KindGender,
}

// kindsOfValues say which identifiers are compared: a typing error in one is why two records share none.
var kindsOfValues = map[identifier.Namespace]match.Kind{identifier.Email: match.KindEmail, identifier.Phone: match.KindPhone, identifier.Landline: match.KindPhone}

// traitsOf opens what a leaf says of its person; of each trait the value that survives and can be opened.
func traitsOf(state *profile.State, key vault.SubjectKey) match.Traits {
	combined := profile.Combine([]*profile.State{state})
	var out match.Traits
	for _, t := range combined.Traits {
		kind, known := kindsOfTraits[t.Name]
		if !known {
			id, is := resolve.ParseIdentifierTrait(t.Name)
			if kind, known = kindsOfValues[id.Namespace]; !is || !known {
				continue
			}
		}
		value, err := t.Value, error(nil)
		if t.Sealed {
			value, err = key.Open(t.Name, []byte(t.Value))
		}
		if err == nil {
			out = append(out, match.Trait{Kind: kind, Value: value})
		}
	}
	return out.Sorted()
}

// pseudonymised makes the blocks of traits: digests of their blocking keys under the secret of the installation, which is another one for
// each space.
func pseudonymised(ring *vault.Keyring, space string, traits match.Traits) []match.Block {
	keys := traits.Blocks()
	out := make([]match.Block, 0, len(keys))
	for _, k := range keys[:min(len(keys), match.MaxEntryBlocks)] {
		out = append(out, ring.Digest64(space, "matching block", k))
	}
	return out
}

// seal packs an entry's content: whose it is, in the clear, and the traits under the subject's key.
func seal(x subject, key vault.SubjectKey, traits match.Traits) ([]byte, error) {
	sealed, err := key.Seal(sealedAs, traits.Pack())
	if err != nil {
		return nil, err
	}
	var b []byte
	for _, text := range []string{x.controller, string(x.key.Namespace), x.key.Value} {
		b = binary.AppendUvarint(b, uint64(len(text)))
		b = append(b, text...)
	}
	return append(b, sealed...), nil
}

// Record is what one record says of its person, by the names of traits.
type Record struct {
	Space, Controller string
	Leaf              string         // its id
	Key               identifier.Key // whose key seals it
	Traits            map[string]string
}

// NewEntry makes the entry that a record has in the index, for whoever fills one without a changelog.
func NewEntry(ring *vault.Keyring, x Record, key vault.SubjectKey) (match.Entry, error) {
	var traits match.Traits
	for name, value := range x.Traits {
		if kind, known := kindsOfTraits[name]; known {
			traits = append(traits, match.Trait{Kind: kind, Value: value})
		}
	}
	return entryOf(ring, x.Space, x.Leaf, subject{x.Controller, x.Key}, key, traits.Sorted())
}

func entryOf(ring *vault.Keyring, space, id string, whose subject, key vault.SubjectKey, traits match.Traits) (match.Entry, error) {
	sealed, err := seal(whose, key, traits)
	return match.Entry{ID: id, Blocks: pseudonymised(ring, space, traits), Sealed: sealed}, err
}

// maxText is the longest name of a controller or identifier in an entry.
const maxText = 1024

// errEntry says that the content of an entry is none.
var errEntry = errors.New("not the content of an entry of the index")

// unpack reads whose an entry is, and its sealed traits.
func unpack(b []byte) (x subject, sealed []byte, err error) {
	texts := make([]string, 0, 3)
	for range cap(texts) {
		n, used := binary.Uvarint(b)
		if used <= 0 || n > maxText {
			return x, nil, errEntry
		}
		end := used + int(n)
		if end > len(b) {
			return x, nil, errEntry
		}
		texts, b = append(texts, string(b[used:end])), b[end:]
	}
	return subject{texts[0], identifier.Key{Namespace: identifier.Namespace(texts[1]), Value: texts[2]}}, b, nil
}
