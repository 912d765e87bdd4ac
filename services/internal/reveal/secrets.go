package reveal

import (
	"context"
	"encoding/hex"
	"fmt"

	"rcu/pkg/identifier"
	"rcu/pkg/profile"
	"rcu/pkg/resolve"
	"rcu/pkg/vault"
)

// Secrets opens the sealed traits of one person.
type Secrets struct {
	keys    map[subject]vault.SubjectKey
	sealers map[string]subject // name and sealed bytes of a trait -> whom it was sealed for
}

// subject is whose traits a key seals, at one controller.
type subject struct {
	controller string
	key        identifier.Key
}

// Cells is where the keys of subjects lie (resolve.Cells).
type Cells interface {
	LoadCells(ctx context.Context, keys []string) ([]resolve.Cell, error)
}

// Open reads the keys of the subjects of leaves. A subject whose key was destroyed has none: its values stay closed.
func Open(ctx context.Context, cells Cells, keyring *vault.Keyring, space string, leaves []*profile.State) (Secrets, error) {
	out := Secrets{keys: map[subject]vault.SubjectKey{}, sealers: map[string]subject{}}
	var subjects []subject
	var names []string
	for _, l := range leaves {
		whose := subject{l.Controller(), resolve.SubjectOf(l.Leaf())}
		for _, t := range l.Traits() {
			if t.Sealed {
				out.sealers[t.Name+"\x00"+t.Value] = whose
			}
		}
		if _, known := out.keys[whose]; !known && whose.key.Value != "" {
			out.keys[whose] = vault.SubjectKey{}
			subjects, names = append(subjects, whose), append(names, resolve.SubjectKeyCell(space, whose.controller, whose.key))
		}
	}
	wrapped, err := cells.LoadCells(ctx, names)
	if err != nil {
		return Secrets{}, fmt.Errorf("reading the keys of a person: %w", err)
	}
	for i, c := range wrapped {
		if len(c.Value) == 0 {
			delete(out.keys, subjects[i])
			continue
		}
		id := hex.EncodeToString([]byte(subjects[i].key.Value))
		if out.keys[subjects[i]], err = keyring.SubjectKey(subjects[i].controller, id, c.Value); err != nil {
			return Secrets{}, err
		}
	}
	return out, nil
}

// Best returns the value of a trait that survived, or, where that cannot be opened any more, of the next one; it becomes the
// value of the trait.
func (x Secrets) Best(t *profile.SurvivingTrait) (value string, ok bool) {
	for value, ok = x.open(t.Trait); !ok && len(t.Others) > 0; value, ok = x.open(t.Trait) {
		t.Trait, t.Others = t.Others[0], t.Others[1:]
	}
	return value, ok
}

// open returns the value of a trait; ok is false when it cannot be opened any more.
func (x Secrets) open(t profile.Trait) (value string, ok bool) {
	if !t.Sealed {
		return t.Value, true
	}
	key, known := x.keys[x.sealers[t.Name+"\x00"+t.Value]]
	if !known {
		return "", false
	}
	value, err := key.Open(t.Name, []byte(t.Value))
	return value, err == nil
}
