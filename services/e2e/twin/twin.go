// Package twin clusters events in one process: the product's decoder and kernel, no server, no consent, no browsing. It gives the score of a
// composition or a demonstration in seconds, beside the one that the pipeline has to reach.
//
// Invariants: everything that decides is the product's own code (event, identity); the twin only carries facts from one to the other.
package twin

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"time"

	"rcu/pkg/consent"
	"rcu/pkg/event"
	"rcu/pkg/identifier"
	"rcu/pkg/identity"
	"rcu/schemas"
	"rcu/services/e2e/realdata"
)

// Input is one event of a source.
type Input struct {
	Source, ID string
	JSON       []byte
	Origin     *event.Origin
}

// Evidence is what a set of events tells the kernel.
type Evidence struct {
	facts     bytes.Buffer
	keys      map[string]identifier.Key
	leaves    map[realdata.EventKey]identity.Leaf
	registers map[identifier.Key]identity.Register
	seen      map[string]bool
}

// Read decodes the events; an event that is refused is an error. Browsing and decisions are left out: who browses is a matter of consent.
func Read(inputs []Input, received time.Time) (*Evidence, error) {
	d, err := event.NewDecoder(schemas.Files)
	if err != nil {
		return nil, fmt.Errorf("loading contracts: %w", err)
	}
	e := &Evidence{keys: map[string]identifier.Key{}, leaves: map[realdata.EventKey]identity.Leaf{}, registers: map[identifier.Key]identity.Register{}, seen: map[string]bool{}}
	for _, in := range inputs {
		draft, no := d.Decode(in.JSON, in.Origin, received)
		if no != nil {
			return nil, fmt.Errorf("event of %s refused at %s: %s", in.Source, no.Field, no.Reason)
		}
		if draft.Behaviour() {
			continue
		}
		draft.Pseudonymise(digests{})
		draft.StripDevices(func(identifier.Key) bool { return false })
		ev, _, _ := draft.Stamp(digests{}, func(identifier.Key) int64 { return 0 })
		if ev == nil {
			continue
		}
		for _, f := range event.FactsOf(ev) {
			if err := e.add(realdata.EventKey{Source: in.Source, ID: in.ID}, f); err != nil {
				return nil, err
			}
		}
	}
	return e, nil
}

func (e *Evidence) add(at realdata.EventKey, f identity.Fact) error {
	var line map[string]any
	switch x := f.(type) {
	case *identity.Event:
		ids := make([]string, len(x.Keys))
		for i, k := range x.Keys {
			ids[i] = e.name(k)
		}
		line = map[string]any{"kind": "event", "id": x.ID, "t": x.T, "ids": ids, "stated": x.Stated, "claim": map[string]any{"g": x.Claim.Given, "f": x.Claim.Family, "b": x.Claim.Birth}}
		e.leaves[at] = identity.LeafOf(x)
		references, shown := identity.ShownBy(x)
		for _, r := range references {
			e.registers[r], _ = e.registers[r].Join(shown...)
		}
		if e.seen[x.ID] {
			return nil // a repetition
		}
		e.seen[x.ID] = true
	case *identity.Act:
		line = map[string]any{"kind": "act", "id": x.ID, "t": x.T, "op": "together", "a": e.name(x.A), "b": e.name(x.B)}
	default:
		return nil
	}
	if err := json.NewEncoder(&e.facts).Encode(line); err != nil {
		return fmt.Errorf("encoding fact: %w", err)
	}
	return nil
}

// name is a key in the exchange format.
func (e *Evidence) name(k identifier.Key) string {
	s := fmt.Sprintf("%s:%x", k.Namespace, k.Value)
	e.keys[s] = k
	return s
}

// Records solves the evidence and names the record of every event; events whose leaf is nobody's have none.
func (e *Evidence) Records(names identity.Names) (map[realdata.EventKey]string, error) {
	rules := identity.DefaultRules()
	rules.Names = names
	answer, err := identity.Solve(bytes.NewReader(e.facts.Bytes()), &rules)
	if err != nil {
		return nil, fmt.Errorf("solving: %w", err)
	}
	kernel, err := identity.NewKernel(rules)
	if err != nil {
		return nil, fmt.Errorf("building kernel: %w", err)
	}
	p := people{naming: map[identifier.Key]identifier.Key{}, nobody: map[identifier.Key]bool{}}
	for name, members := range answer.Profiles {
		for _, m := range members {
			p.naming[e.keys[m]] = e.keys[name]
		}
	}
	for id := range answer.Nobody {
		p.nobody[e.keys[id]] = true
	}
	out := map[realdata.EventKey]string{}
	for at, leaf := range e.leaves {
		if leaf.IsZero() {
			continue
		}
		owner := kernel.Owner(leaf, identity.Span{}, e.registers[leaf.Reference], p, 0)
		if !owner.Anonymous { // an anonymous profile is nobody's record
			out[at] = fmt.Sprintf("%s:%x", owner.Key.Namespace, owner.Key.Value)
		}
	}
	return out, nil
}

// people answers the kernel from a solved answer.
type people struct {
	naming map[identifier.Key]identifier.Key
	nobody map[identifier.Key]bool
}

func (p people) Standing(k identifier.Key) identity.Standing {
	if p.nobody[k] {
		return identity.Quarantined // any standing but clean
	}
	return identity.Clean
}

func (p people) Naming(k identifier.Key) identifier.Key {
	if n, ok := p.naming[k]; ok {
		return n
	}
	return k
}

// Since is never asked: the rules of the twin look back without a limit.
func (people) Since(identifier.Key) int64 { return identity.Never }

func (people) Decisions(identifier.Key, identity.Purpose) consent.History { return consent.History{} }

// digests pseudonymise without a key.
type digests struct{}

func (digests) Pseudonym(space string, ns identifier.Namespace, value string) (out identifier.Pseudonym) {
	sum := sha256.Sum256([]byte(space + "\x00" + string(ns) + "\x00" + value))
	copy(out[1:], sum[:])
	return out
}

func (digests) Digest16(_, kind, text string) uint16 {
	sum := sha256.Sum256([]byte(kind + "\x00" + text))
	return max(1, uint16(sum[0])<<8|uint16(sum[1]))
}

func (digests) Digest64(_, kind, content string) (out [8]byte) {
	sum := sha256.Sum256([]byte(kind + "\x00" + content))
	copy(out[:], sum[:])
	return out
}
