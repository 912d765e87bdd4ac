package event

import (
	"crypto/sha256"
	"encoding/binary"
	"slices"

	"google.golang.org/protobuf/proto"

	"rcu/pkg/consent"
	"rcu/pkg/identifier"
	"rcu/pkg/identity"
	eventpb "rcu/schemas/event"
)

// leafKeySize is the length of a leaf key: the first bytes of SHA-256 over space, controller and leaf.
const leafKeySize = 16

// Stamp completes the draft with all that can never be computed later: proved or stated, the grants it was collected under, claim, leaf,
// digest. stamps gives the decided_at (seconds) of the grant in force for an identifier when the event happened; 0 = none, or default.
//
// The event is nil for consent.decided, which is its decisions only. Personal is nil when there is nothing to seal; the caller seals it
// into the event.
func (d *Draft) Stamp(p Pseudonymiser, stamps func(identifier.Key) int64) (*eventpb.Event, *eventpb.Personal, []*eventpb.Decision) {
	d.Pseudonymise(p)
	if d.event.GetType() == typeConsentDecided {
		return nil, nil, d.Decisions()
	}
	e := d.event
	e.Behaviour = d.Behaviour()
	e.Identifiers = make([]*eventpb.Identifier, len(d.identifiers))
	for i := range d.identifiers {
		id := &d.identifiers[i]
		e.Identifiers[i] = message(*id, stamps(id.key))
		for _, match := range d.blocked.Match(id.key.Namespace, id.value.Reveal()) {
			e.Identifiers[i].Patterns = append(e.Identifiers[i].Patterns, uint64(match))
		}
		if id.key.Namespace.Links() && !id.proved {
			e.Stated = true
		}
	}
	e.References = make([]*eventpb.Identifier, len(d.references))
	for i := range d.references {
		e.References[i] = message(d.references[i], 0)
	}
	d.stampPairs()
	d.stampOffered()
	d.stampClaim(p)
	stampLeaf(e)
	var content [8]byte
	binary.BigEndian.PutUint64(content[:], d.hash)
	digest := p.Digest64(e.GetSpace(), "content", string(content[:]))
	e.ContentDigest = digest[:]
	return e, d.personal(), d.Decisions()
}

func (d *Draft) stampPairs() {
	switch data := d.event.GetData().(type) {
	case *eventpb.Event_CardReplaced:
		data.CardReplaced.Old, data.CardReplaced.New = message(d.pairs[0].former, 0), message(d.pairs[0].into, 0)
	case *eventpb.Event_CustomerRecorded:
		data.CustomerRecorded.Merged = nil
		for _, x := range d.pairs {
			data.CustomerRecorded.Merged = append(data.CustomerRecorded.Merged, &eventpb.Merged{Former: message(x.former, 0), Into: message(x.into, 0)})
		}
	}
}

// stampOffered names the points at which a sale permits offers, so that they are found again where its retraction names none of them.
func (d *Draft) stampOffered() {
	d.event.Offered = nil
	for i := range d.told {
		t := &d.told[i]
		if _, offer := consent.FamilyOf(consent.Purpose(t.decision.GetPurpose())); !offer {
			continue
		}
		point := &eventpb.Identifier{Namespace: string(t.point.key.Namespace), Pseudonym: []byte(t.point.key.Value)}
		if !slices.ContainsFunc(d.event.Offered, func(o *eventpb.Identifier) bool { return proto.Equal(o, point) }) {
			d.event.Offered = append(d.event.Offered, point)
		}
	}
}

func (d *Draft) stampClaim(p Pseudonymiser) {
	if d.claim.given.Reveal() == "" {
		return
	}
	claim := identity.ClaimOf(d.claim.given.Reveal(), d.claim.family.Reveal(), d.claim.birth.Reveal(), func(kind, text string) uint16 {
		return p.Digest16(d.origin.Space, kind, text)
	})
	d.event.Claim = claimMessage(claim)
}

// stampLeaf computes the leaf from what its source said, the same way whenever it is computed. Devices name leaves of browsing alone: which of them
// may be kept of another event depends on when it is collected, and copies of one order must not count in two leaves.
func stampLeaf(e *eventpb.Event) {
	seen := kernelEvent(e)
	if !e.GetBehaviour() {
		seen = withoutDevices(seen)
	}
	leaf := identity.LeafOf(seen)
	e.Leaf, e.LeafKey = nil, nil
	if leaf.IsZero() {
		return
	}
	e.Leaf = leafMessage(leaf)
	h := sha256.New()
	h.Write(binary.AppendUvarint(nil, uint64(len(e.GetSpace()))))
	h.Write([]byte(e.GetSpace()))
	h.Write(binary.AppendUvarint(nil, uint64(len(e.GetController()))))
	h.Write([]byte(e.GetController()))
	h.Write(leaf.Encode())
	e.LeafKey = h.Sum(nil)[:leafKeySize]
}

// withoutDevices takes the devices off what the kernel sees of an event of which only the leaf is wanted.
func withoutDevices(e *identity.Event) *identity.Event {
	e.Keys = slices.DeleteFunc(e.Keys, func(k identifier.Key) bool { return k.Namespace.Kind() == identifier.KindDevice })
	e.Stamps, e.Matches = nil, nil // of keys that stood elsewhere
	return e
}

// personal gathers what has to be sealed: the plain values of the identifiers kept, the personal traits and texts.
func (d *Draft) personal() *eventpb.Personal {
	p := &eventpb.Personal{Traits: reveal(d.traits), Texts: reveal(d.texts)}
	keep := func(list []identified) {
		for i := range list {
			p.Identifiers = append(p.Identifiers, &eventpb.IdentifierValue{
				Namespace: string(list[i].key.Namespace), Pseudonym: []byte(list[i].key.Value), Value: list[i].value.Reveal(),
			})
		}
	}
	keep(d.identifiers)
	keep(d.references)
	for i := range d.pairs {
		keep([]identified{d.pairs[i].former, d.pairs[i].into})
	}
	if len(p.GetIdentifiers()) == 0 && len(p.GetTraits()) == 0 && len(p.GetTexts()) == 0 {
		return nil
	}
	return p
}

func reveal(m map[string]identifier.Value) map[string]string {
	if len(m) == 0 {
		return nil
	}
	out := make(map[string]string, len(m))
	for k, v := range m {
		out[k] = v.Reveal()
	}
	return out
}
