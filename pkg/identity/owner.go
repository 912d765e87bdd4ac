package identity

import (
	"slices"

	"rcu/pkg/consent"
	"rcu/pkg/identifier"
)

// Standing says what an identifier may do.
type Standing uint8

// The standings. Only a clean identifier links.
const (
	Clean Standing = iota
	Blocked
	Quarantined
	Contested
)

var standingNames = [...]string{"clean", "blocked", "quarantined", "contested"}

// String returns the name of the standing.
func (s Standing) String() string {
	if int(s) < len(standingNames) {
		return standingNames[s]
	}
	return "unknown"
}

// People answers what Owner asks about identifiers, as of one moment.
type People interface {
	// Standing of an identifier.
	Standing(identifier.Key) Standing
	// Naming returns the naming identifier of the profile that holds an identifier: itself when it was only ever seen alone.
	Naming(identifier.Key) identifier.Key
	// Decisions returns what was decided on an identifier about a unify purpose.
	Decisions(identifier.Key, Purpose) consent.History
	// Since returns the time of the earliest evidence that holds an identifier in its profile; Never when it is there alone.
	Since(identifier.Key) int64
}

// Owner is whom a leaf belongs to: the profile named by Key, or, when Anonymous, nobody; Key is then the identifier that the
// anonymous profile is called after.
type Owner struct {
	Key       identifier.Key
	Anonymous bool
}

// Span is the time from the first to the last event of a leaf.
type Span struct{ First, Last int64 }

// Owner returns whom a leaf belongs to now. span matters to leaves with a device, register to reference leaves only.
func (k *Kernel) Owner(l Leaf, span Span, register Register, people People, now int64) Owner {
	switch {
	case l.Device.Value != "":
		return k.ownerOfBrowsing(l, span, people, now)
	case l.Reference.Value != "":
		return k.ownerOfReference(l, register, people)
	}
	for _, key := range [...]identifier.Key{l.First, l.Second} {
		if key.Value != "" && people.Standing(key) == Clean {
			return Owner{Key: people.Naming(key)}
		}
	}
	return Owner{Key: l.First, Anonymous: true}
}

func (k *Kernel) ownerOfBrowsing(l Leaf, span Span, people People, now int64) Owner {
	nobody := Owner{Key: l.Device, Anonymous: true}
	if !open(l, span, people, now) {
		return nobody
	}
	if l.Person.Value == "" {
		if l.Shared || people.Standing(l.Device) != Clean {
			return nobody
		}
		owner := Owner{Key: people.Naming(l.Device)}
		if k.isPerson(owner.Key.Namespace) && k.tooLongAgo(l, people) {
			return nobody
		}
		return owner
	}
	if people.Standing(l.Person) != Clean || !coreAllowed(people.Decisions(l.Person, UnifyCore), now) {
		return nobody
	}
	return Owner{Key: people.Naming(l.Person)} // the log-in proves it, even on a shared device
}

// tooLongAgo reports whether anonymous browsing ended longer before it was known whose the device is than the rules look back.
func (k *Kernel) tooLongAgo(l Leaf, people People) bool {
	if k.rules.LookbackDays == 0 || faults.lookbackIgnored {
		return false
	}
	end := (l.Month + 1) * Month
	return end < people.Since(l.Device)-int64(k.rules.LookbackDays)*day
}

// open reports whether the browsing of a leaf may be shown at all: collected under a grant, never denied since, granted now.
func open(l Leaf, span Span, people People, now int64) bool {
	if l.Stamp <= 0 {
		return false
	}
	decisions := people.Decisions(l.Device, UnifyBehaviour)
	if faults.stampIgnored {
		return behaviourAllowed(decisions, now)
	}
	return behaviourAllowed(decisions, now) && behaviourAllowed(decisions, span.First) && !decisions.DeniedIn(l.Stamp, span.Last)
}

func (k *Kernel) ownerOfReference(l Leaf, register Register, people People) Owner {
	best := -1
	for i, s := range register {
		if people.Standing(s.Key) != Clean {
			continue
		}
		if best < 0 || k.better(s, register[best]) {
			best = i
		}
	}
	if best < 0 {
		return Owner{Key: l.Reference, Anonymous: true}
	}
	return Owner{Key: people.Naming(register[best].Key)}
}

// better orders the sightings of a register among each other: proved before stated, then namespace order.
func (k *Kernel) better(a, b Shown) bool {
	if a.Stated != b.Stated {
		return b.Stated
	}
	return k.compare(a.Key, b.Key) < 0
}

// OwnersKeys appends the identifiers whose standing, profile or decisions the owner of a leaf depends on.
func OwnersKeys(l Leaf, register Register, keys []identifier.Key) []identifier.Key {
	if l.Reference.Value == "" {
		return l.Keys(keys)
	}
	for _, s := range register {
		if !slices.Contains(keys, s.Key) {
			keys = append(keys, s.Key)
		}
	}
	return keys
}

// coreAllowed: nobody has to agree to be recognised by what they tell us themselves; anybody may object.
func coreAllowed(h consent.History, t int64) bool {
	allowed, known := h.Allowed(t)
	return allowed || !known
}

// behaviourAllowed: browsing is joined only under a grant.
func behaviourAllowed(h consent.History, t int64) bool {
	allowed, _ := h.Allowed(t)
	return allowed
}
