package event

import (
	"slices"
	"strconv"

	"rcu/pkg/consent"
	"rcu/pkg/identifier"
	eventpb "rcu/schemas/event"
)

const (
	decisionGrant    = "grant"
	decisionPending  = "pending"
	decisionWithdraw = "withdraw"
	methodCarried    = "carried"
)

func (r *reader) decisions(root *node) *problem {
	list := r.tree.get(root, nConsent)
	if list == nil {
		return nil
	}
	i := 0
	for k := list.child; k != 0; k = r.tree.nodes[k].next {
		if p := r.decision(&r.tree.nodes[k], i); p != nil {
			return p.at(i).under("consent")
		}
		i++
	}
	return nil
}

// decision reads one decision. A denial is valid however it arrives; a grant that was said needs the act and the notice that was shown.
func (r *reader) decision(n *node, place int) *problem {
	e := r.draftOf.event
	m := &eventpb.Decision{
		Space: e.GetSpace(), Controller: e.GetController(), Source: e.GetSource(), Id: decisionID(e.GetId(), place),
		Purpose: r.text(n, nPurpose), Channel: r.text(n, nChannel), Decision: r.text(n, nDecision), Carried: r.text(n, nMethod) == methodCarried,
		ReceivedAt: r.received, Act: r.text(n, nAct), CollectedOn: r.origin.Channel,
	}
	if notice := r.tree.get(n, nNotice); notice != nil {
		m.NoticeId, m.NoticeVersion, m.NoticeLanguage = r.text(notice, nID), r.text(notice, nVersion), r.text(notice, nLanguage)
	}
	point := r.tree.get(n, nPoint)
	ns := namespaceOf(r.text(point, nNamespace))
	i, cause := r.identify(ns, r.text(point, nValue), true)
	if cause != identifier.CauseNone {
		return &problem{"/point/value", ReasonNotIdentifier, "send a value that identifies a contact point or device: the decision would be about nobody"}
	}
	decided := e.GetOccurredAt()
	if r.tree.get(n, nDecidedAt) != nil {
		var p *problem
		if decided, p = r.clock(n, nDecidedAt); p != nil {
			return p
		}
	}
	m.DecidedAt = floorSeconds(min(decided, r.received)) // a clock that runs fast puts off no denial, and no grant behind what is denied meanwhile
	if r.tree.get(n, nExpiresAt) != nil {
		m.ExpiresAt = floorSeconds(r.micros(n, nExpiresAt))
	}
	if p := r.judge(m); p != nil {
		return p
	}
	if m.GetDecision() == decisionGrant && !m.GetCarried() {
		omits := r.decoder.registry.Omits(m.GetNoticeId(), m.GetNoticeVersion(), m.GetPurpose())
		if omits {
			r.draftOf.ungiven = append(r.draftOf.ungiven, ungiven(place))
		}
		if omits || r.decoder.registry.Waits(m.GetAct(), ns) && !r.possesses(i) {
			m.Decision, m.ExpiresAt = decisionPending, 0
		}
	}
	r.draftOf.told = append(r.draftOf.told, told{point: i, decision: m})
	return nil
}

// Ungiven says why a grant of an event counts as not given. The event itself is taken as any other.
type Ungiven struct {
	Field  string // JSON pointer into the event
	Reason Reason
	Fix    string
}

// ungiven is a grant under a notice that does not speak of its purpose: nothing shows that the person was asked for it, so it waits as one that is
// not proved does (consent.md 3.4).
func ungiven(place int) Ungiven {
	return Ungiven{
		Field: "/consent/" + strconv.Itoa(place) + "/notice", Reason: ReasonNoticeSilent,
		Fix: "ask with a notice that speaks of this purpose, in a version of the register, and send that one; until then the grant counts as not given",
	}
}

// possesses reports whether the event proves that a point is the person's: it was logged in with, or the source says so of the same identifier. Else a
// grant about an address that somebody typed waits until it is confirmed there (double opt-in, consent.md 3.4).
func (r *reader) possesses(point identified) bool {
	return r.proved(point.key.Namespace, false) || slices.ContainsFunc(r.draftOf.identifiers, func(i identified) bool {
		return i.proved && i.key.Namespace == point.key.Namespace && i.value == point.value
	})
}

// judge applies what the register of purposes says about a decision. Also a carried grant ends when its purpose says so.
func (r *reader) judge(m *eventpb.Decision) *problem {
	purpose, ok := r.decoder.registry.Purpose(m.GetPurpose())
	switch {
	case !ok || !purpose.Decidable:
		return &problem{"/purpose", ReasonNotListed, "send a purpose of registry.yaml about which people decide"}
	case len(purpose.Channels) > 0 && m.GetChannel() == "":
		return &problem{"/channel", ReasonNoChannel, "send the channel that was decided about: this purpose is decided per channel"}
	case len(purpose.Channels) > 0 && !slices.Contains(purpose.Channels, m.GetChannel()):
		return &problem{"/channel", ReasonChannelUnknown, "send a channel of this purpose"}
	}
	if len(purpose.Channels) == 0 {
		m.Channel = ""
	}
	if m.GetDecision() != decisionGrant {
		return nil
	}
	switch {
	case m.GetCarried():
	case m.GetAct() == "":
		return &problem{"/act", ReasonNoNotice, "send how the person said it, or `method` carried for a grant that was imported"}
	case m.GetNoticeId() == "":
		return &problem{"/notice", ReasonNoNotice, "send the notice that was shown: a grant that was said without one is none"}
	}
	if info, ok := consent.PurposeOf(consent.Purpose(m.GetPurpose())); ok {
		m.ExpiresAt = info.EndOn(m.GetChannel(), m.GetDecidedAt(), m.GetExpiresAt())
	}
	return nil
}

// floorSeconds is the whole second that a time in microseconds falls in.
func floorSeconds(t int64) int64 {
	s := t / micros
	if t%micros < 0 {
		s--
	}
	return s
}
