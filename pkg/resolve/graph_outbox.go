package resolve

import (
	"fmt"

	"rcu/pkg/identifier"
	"rcu/pkg/identity"
	"rcu/pkg/internal/pack"
)

const outboxFormat = 1

// encodeOutbox packs what a commit tells; the state adds the version and the records written and gone.
func encodeOutbox(e *OutboxEntry) []byte {
	b := append(make([]byte, 0, 256), outboxFormat)
	b = pack.Int(b, e.Now)
	b = pack.Uint(b, uint64(len(e.Transitions)))
	for i := range e.Transitions {
		t := &e.Transitions[i]
		b = pack.Key(pack.Text(b, t.Kind), t.Profile)
		for _, keys := range [...][]identifier.Key{t.Before, t.After, t.Identifiers} {
			b = pack.Uint(b, uint64(len(keys)))
			for _, k := range keys {
				b = pack.Key(b, k)
			}
		}
		b = pack.Text(pack.Text(pack.Text(b, t.Reason), t.CauseKind), t.CauseID)
	}
	b = pack.Uint(b, uint64(len(e.Changed)))
	for _, c := range e.Changed {
		b = append(pack.Key(pack.Key(pack.Key(b, c.Key), c.Before), c.After), byte(c.Standing))
	}
	return b
}

// decodeOutbox reads what encodeOutbox wrote.
func decodeOutbox(item OutboxItem) (OutboxEntry, error) {
	e := OutboxEntry{ID: item.ID, Version: item.Version, Written: item.Written, Gone: item.Gone}
	r := pack.Read(string(item.Value))
	if format := r.Byte(); format != outboxFormat {
		return e, fmt.Errorf("reading outbox entry of format %d: %w", format, pack.ErrDamaged)
	}
	e.Now = r.Int()
	e.Transitions = make([]Transition, r.Count())
	for i := range e.Transitions {
		t := &e.Transitions[i]
		t.Kind, t.Profile = TransitionKind(r.Text()), r.Key()
		for _, keys := range [...]*[]identifier.Key{&t.Before, &t.After, &t.Identifiers} {
			*keys = make([]identifier.Key, r.Count())
			for j := range *keys {
				(*keys)[j] = r.Key()
			}
		}
		t.Reason, t.CauseKind, t.CauseID = r.Text(), r.Text(), r.Text()
	}
	e.Changed = make([]IdentifierChange, r.Count())
	for i := range e.Changed {
		e.Changed[i] = IdentifierChange{Key: r.Key(), Before: r.Key(), After: r.Key(), Standing: identity.Standing(r.Byte())}
	}
	if err := r.Done(); err != nil {
		return e, fmt.Errorf("reading outbox entry: %w", err)
	}
	return e, nil
}
