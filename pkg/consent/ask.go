package consent

import "slices"

// Asked is one time that a person was asked for a purpose, on any channel.
type Asked struct {
	Purpose Purpose
	At      int64
}

// AskRules bound how often people are asked.
type AskRules struct {
	Again int64 // seconds after a refusal, or a question without an answer, until the purpose may be asked for again
	Apart int64 // seconds between questions for different purposes: one purpose is asked for at a time
}

// Why a person is not asked.
const (
	NoAskNeeded   = "not_needed"      // nobody decides about it, or it is granted
	NoAskObjected = "nobody_is_asked" // it holds until somebody objects, and is never asked for
	NoAskCooling  = "cooling_down"    // refused, or left without an answer, not long ago
	NoAskAnother  = "another_purpose" // another purpose was asked for just now
	NoAskDenied   = "unreadable"      // what was decided cannot be read
	NoAskOverlay  = "overlay"         // an overlay masks the purpose: nobody is asked for what could not be granted
)

// MayAsk reports whether a person may be asked for a purpose: why not, and from when on. points are all points of the person with this
// controller, asked every time that anybody of the controller asked on any channel (Questions of all points). A refusal on one channel or point is one
// everywhere.
func (r AskRules) MayAsk(p Purpose, channel string, points []Point, asked []Asked, now int64) (why string, next int64) {
	info, ok := PurposeOf(p)
	switch {
	case !ok || !info.Decidable:
		return NoAskNeeded, 0
	case info.Default:
		return NoAskObjected, 0
	}
	last := int64(0) // the last refusal or question
	for _, x := range points {
		if why := x.unasked(p, channel, now); why != "" {
			return why, 0
		}
		last = max(last, x.Register.lastDenial(p, now))
	}
	apart := int64(0)
	for _, a := range asked {
		switch {
		case a.At > now:
		case a.Purpose == p:
			if !agreed(points, p, a.At, now) {
				last = max(last, a.At)
			}
		default:
			apart = max(apart, a.At)
		}
	}
	if last != 0 && now < last+r.Again {
		return NoAskCooling, last + r.Again
	}
	if apart != 0 && now < apart+r.Apart {
		return NoAskAnother, apart + r.Apart
	}
	return "", 0
}

// unasked says why a point keeps its person from being asked; empty where it does not.
func (x Point) unasked(p Purpose, channel string, now int64) string {
	switch {
	case x.Unreadable:
		return NoAskDenied
	case x.Register.MaskedBy(p, channel, now) != "":
		return NoAskOverlay
	case Reaches(channel, x.Key.Namespace) && x.AllowedAt(p, channel, now):
		return NoAskNeeded
	}
	return ""
}

// agreed reports whether a purpose was granted on some point and channel from a time on: the answer to a question.
func agreed(points []Point, p Purpose, from, now int64) bool {
	return slices.ContainsFunc(points, func(x Point) bool {
		return slices.ContainsFunc(x.Register.entries, func(e entry) bool {
			return e.Purpose == p && e.grantedIn(from, now)
		})
	})
}

// lastDenial is when a purpose was last denied on any channel, up to now; 0 = never. A denial that was forgotten is older than what is kept.
func (r Register) lastDenial(p Purpose, now int64) int64 {
	last := int64(0)
	for _, e := range r.entries {
		if e.Purpose != p {
			continue
		}
		for _, d := range slices.Backward(e.Said) {
			if d.Denies() && d.At <= now {
				last = max(last, d.At)
				break
			}
		}
	}
	return last
}

// Level is how much interaction a person accepts from a controller.
type Level string

// The levels, from the one that leaves least.
const (
	LevelNone    Level = "none"    // nothing that anybody may refuse
	LevelService Level = "service" // no offers, surveys, profiles or sharing
	LevelUseful  Level = "useful"  // no profile for offers, no advertising elsewhere, no sharing
	LevelAll     Level = "all"     // as decided purpose by purpose
)

// kept are the purposes that a level leaves as they were decided.
var kept = map[Level][]Purpose{
	LevelService: {UnifyCore, AnalyticsIndividual, ChildProfile},
	LevelUseful: {
		UnifyCore, AnalyticsIndividual, ChildProfile, UnifyBehaviour, Personalise, StoreViewWeb, ClientelingContact, Marketing, Survey, Geoloc,
		BeaconPresence,
	},
}

// Denies lists what choosing a level denies at once; false where there is no such level. No level ever grants: people agree purpose by purpose.
func (l Level) Denies(parameters []Purpose) ([]PurposeChannel, bool) {
	keep, known := kept[l]
	if !known && l != LevelNone {
		return nil, l == LevelAll
	}
	var out []PurposeChannel
	for _, info := range purposes {
		if !info.Decidable || info.Parameter || slices.Contains(keep, info.Purpose) {
			continue
		}
		if len(info.Channels) == 0 {
			out = append(out, PurposeChannel{Purpose: info.Purpose})
		}
		for _, c := range info.Channels {
			out = append(out, PurposeChannel{info.Purpose, c})
		}
	}
	for _, p := range parameters { // those with a recipient or kind
		if info, ok := PurposeOf(p); ok && info.Parameter && !slices.Contains(keep, info.Purpose) {
			out = append(out, PurposeChannel{Purpose: p})
		}
	}
	return out, true
}
