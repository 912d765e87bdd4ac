package identity

import "cmp"

// TogetherStrength is the strength of an edge that a steward made.
const TogetherStrength = 255

// Verdict says whether an edge may connect: usable when Reason is NoReason, then with a strength and the time of its best witness.
type Verdict struct {
	Reason   Reason
	Strength uint8
	T        int64
}

// Usable reports whether the edge may connect.
func (v Verdict) Usable() bool { return v.Reason == NoReason }

// Judge returns the verdict on an edge from the records of its ends. Their standing must be up to date.
func (k *Kernel) Judge(e *Edge, a, b *Node, now int64) Verdict {
	if reason := k.refusal(e, a, b); reason != NoReason {
		return Verdict{Reason: reason}
	}
	mayLink := coreAllowed(a.Decisions[UnifyCore], now) && coreAllowed(b.Decisions[UnifyCore], now)
	if e.Act.Op == Together {
		if !mayLink {
			return Verdict{Reason: ReasonPermission}
		}
		return Verdict{Strength: TogetherStrength, T: e.Act.T}
	}
	switch {
	case a.ns == b.ns && a.ns.Unique:
		return Verdict{Reason: ReasonSameNamespace}
	case k.class(a, b) == Weak && (a.Full[Weak] || b.Full[Weak]):
		return Verdict{Reason: ReasonOverflow}
	case !mayLink:
		return Verdict{Reason: ReasonPermission}
	}
	best := bestWitness(e, a, b, now)
	if best == nil {
		return k.judgeProbable(e, a, b)
	}
	strength := uint8(2 * min(a.ns.Strength, b.ns.Strength)) //nolint:gosec // at most maxStrength each
	if !best.Stated {
		strength++
	}
	return Verdict{Strength: strength, T: best.T}
}

// refusal is the part of the verdict that neither permission nor together can change.
func (k *Kernel) refusal(e *Edge, a, b *Node) Reason {
	if e.Act.Op == Ban || faults.clearKeepsBan && e.Act.Op == Clear {
		return ReasonBanned
	}
	standing := a.Standing
	if standing == Clean {
		standing = b.Standing
	}
	return [...]Reason{Clean: NoReason, Blocked: ReasonBlocked, Quarantined: ReasonQuarantined, Contested: ReasonContested}[standing]
}

// bestWitness returns a proved witness if there is one, then the earliest, among those permitted then and now; nil if none is.
func bestWitness(e *Edge, a, b *Node, now int64) *Witness {
	mayBrowse := mayBrowseAt(a, now) && mayBrowseAt(b, now)
	var best *Witness
	for i := range e.Witnesses {
		w := &e.Witnesses[i]
		if !permittedThen(w, a, b) || w.Behaviour && !mayBrowse {
			continue
		}
		if best == nil || cmp.Or(compareBool(w.Stated, best.Stated), cmp.Compare(w.T, best.T), cmp.Compare(w.Event, best.Event)) < 0 {
			best = w
		}
	}
	return best
}

// permittedThen reports whether what w saw was permitted when it happened.
func permittedThen(w *Witness, a, b *Node) bool {
	if !coreAllowed(a.Decisions[UnifyCore], w.T) || !coreAllowed(b.Decisions[UnifyCore], w.T) {
		return false
	}
	return !w.Behaviour || mayBrowseAt(a, w.T) && mayBrowseAt(b, w.T)
}

// mayBrowseAt reports whether browsing seen on n may link at t; it asks only identifiers of grade device.
func mayBrowseAt(n *Node, t int64) bool {
	return !n.ns.Device || behaviourAllowed(n.Decisions[UnifyBehaviour], t)
}

// Boundary returns the first time after the given one at which a verdict on an edge of n may change; 0 if there is none.
func (n *Node) Boundary(after int64) int64 {
	next := int64(0)
	for _, h := range n.Decisions {
		if t := h.NextBoundary(after); t != 0 && (next == 0 || t < next) {
			next = t
		}
	}
	return next
}
