package contact

import (
	"slices"
	"time"

	"rcu/pkg/identifier"
)

// Ask is one contact that somebody wants to make.
type Ask struct {
	ID      ID
	Point   identifier.Key
	Channel string
	// Service is a contact that serves a contract: a confirmation, a reminder. It needs its permission and nothing else, and is not counted.
	Service bool
	Topic   string
	Places  []Place // where the person may be; rules have to hold in all of them
}

// Permission is what the registers answer for the very point, for every purpose that the contact needs.
type Permission struct {
	Allowed bool
	Because string    // why not; for the one who asked
	Since   time.Time // the oldest grant it rests on; zero: on none
	Until   time.Time // when it ends by itself; zero: never
}

// Person is what is known of who is to be contacted.
type Person struct {
	Permission Permission
	Wishes     Wishes
	Log        Log // over all points of the person
}

// Reason says why a contact may not be made.
type Reason string

// The reasons.
const (
	ReasonNone       Reason = ""
	ReasonPermission Reason = "no_permission"      // never given, withdrawn, expired
	ReasonAge        Reason = "permission_too_old" // given longer ago than the channel allows
	ReasonPaused     Reason = "paused"
	ReasonTopic      Reason = "topic_suppressed"
	ReasonFrequency  Reason = "own_frequency"
	ReasonSilence    Reason = "refused_before"
	ReasonCap        Reason = "cap"
	ReasonHours      Reason = "hours"
	ReasonPlace      Reason = "place_unknown" // hours are to be kept and nobody knows whose clock
	ReasonFull       Reason = "log_full"
	ReasonExpired    Reason = "reservation_expired" // or released, or never made
	ReasonMade       Reason = "already_made"        // handed over before: a message goes out once
	ReasonUnknown    Reason = "unavailable"         // what the answer rests on could not be read
)

// Verdict is the answer to an Ask.
type Verdict struct {
	Allowed bool
	Reason  Reason
	Source  string    // where the figure comes from that refuses
	Next    time.Time // the earliest time at which nothing known now would refuse; zero: waiting does not help
}

// refusal is one rule that refuses, and until when; zero: for ever.
type refusal struct {
	reason Reason
	source string
	until  time.Time
}

// Decide says whether a contact may be made at a time. The first refusal is the one that is told, and all are waited for.
func (r Rules) Decide(a Ask, p Person, now time.Time) Verdict {
	now = now.Truncate(time.Second)
	permission, refusals := r.permission(a, p.Permission, now)
	if a.Service {
		return verdict(refusals, Hours{}, a, permission, now)
	}
	hours, kept := r.hoursOf(a.Channel)
	if (kept || r.byDays(a.Channel)) && len(a.Places) == 0 {
		refusals = append(refusals, refusal{reason: ReasonPlace, source: hours.Source})
		return verdict(refusals, hours, a, permission, now)
	}
	refusals = slices.Concat(refusals, p.Wishes.refusals(a, p.Log, now), r.silences(a, p.Log, now))
	for _, c := range r.Caps {
		refusals = append(refusals, c.refusals(ReasonCap, a, p.Log, now)...)
	}
	if p.Log.Len() >= MaxContacts {
		refusals = append(refusals, refusal{reason: ReasonFull})
	}
	return verdict(refusals, hours, a, permission, now)
}

// byDays reports whether a rule of the channel counts days of the calendar.
func (r Rules) byDays(channel string) bool {
	about := func(c string) bool { return c == "" || c == channel }
	return slices.ContainsFunc(r.Caps, func(c Cap) bool { return c.Days > 0 && about(c.Channel) }) ||
		slices.ContainsFunc(r.Silences, func(f Figure) bool { return about(f.Channel) })
}

// verdict waits for all refusals, then for the hours; a permission that ends before is waited for in vain.
func verdict(refusals []refusal, h Hours, a Ask, p Permission, now time.Time) Verdict {
	v := Verdict{Allowed: true}
	next := now
	for i, x := range refusals {
		if i == 0 {
			v = Verdict{Reason: x.reason, Source: x.source}
		}
		if x.until.IsZero() {
			return v
		}
		if x.until.After(next) {
			next = x.until
		}
	}
	if h.Channel != "" {
		if v.Allowed && !h.openIn(now, a.Places) {
			v = Verdict{Reason: ReasonHours, Source: h.Source}
		}
		next = h.next(next, a.Places)
	}
	if !v.Allowed && (p.Until.IsZero() || next.Before(p.Until)) {
		v.Next = next
	}
	return v
}

// permission refuses without a permission, and one that is too old for its channel: neither goes away by waiting. It returns the permission
// with the end that its age gives it.
func (r Rules) permission(a Ask, p Permission, now time.Time) (Permission, []refusal) {
	over := func() bool { return !p.Until.IsZero() && !now.Before(p.Until) }
	if !p.Allowed || over() {
		return p, []refusal{{reason: ReasonPermission, source: p.Because}}
	}
	for _, f := range r.Ages {
		if f.Channel != a.Channel || a.Service {
			continue
		}
		if end := p.Since.Add(time.Duration(f.Days) * 24 * time.Hour); p.Until.IsZero() || end.Before(p.Until) {
			p.Until = end
		}
		if p.Since.IsZero() || over() {
			return p, []refusal{{reason: ReasonAge, source: f.Source}}
		}
	}
	return p, nil
}

// refusals of what the person chose.
func (w Wishes) refusals(a Ask, l Log, now time.Time) (out []refusal) {
	const source = "the person's own choice"
	if w.Paused.After(now) {
		out = append(out, refusal{ReasonPaused, source, w.Paused})
	}
	for _, s := range w.Suppressed {
		if s.covers(a.Topic) && (s.Until.IsZero() || s.Until.After(now)) {
			out = append(out, refusal{ReasonTopic, source, s.Until})
		}
	}
	for _, channel := range [...]string{"", a.Channel} {
		f := w.Frequency[channel]
		if f >= Never {
			out = append(out, refusal{reason: ReasonFrequency, source: source})
		} else if c, ok := f.cap(channel); ok {
			out = append(out, c.refusals(ReasonFrequency, a, l, now)...)
		}
	}
	return out
}

// silences refuse for some whole days after the person refused on the channel.
func (r Rules) silences(a Ask, l Log, now time.Time) (out []refusal) {
	for _, f := range r.Silences {
		for _, c := range l.contacts {
			if f.Channel != a.Channel || c.Channel != a.Channel || c.State != Declined {
				continue
			}
			if until := latest(a.Places, func(p Place) time.Time { return startOfDay(time.Unix(c.At, 0), f.Days+1, p) }); until.After(now) {
				out = append(out, refusal{ReasonSilence, f.Source, until})
			}
		}
	}
	return out
}

// refusals of a cap that is reached. A contact in the future, which a clock that was set back leaves behind, counts.
func (c Cap) refusals(reason Reason, a Ask, l Log, now time.Time) []refusal {
	if c.Channel != "" && c.Channel != a.Channel {
		return nil
	}
	if c.Most == 0 {
		return []refusal{{reason: reason, source: c.Source}}
	}
	var ends []time.Time // when each contact leaves the window
	for _, x := range l.contacts {
		if c.Channel != "" && c.Channel != x.Channel {
			continue
		}
		if end := c.leaves(x, a.Places); end.After(now) {
			ends = append(ends, end)
		}
	}
	if len(ends) < c.Most {
		return nil
	}
	slices.SortFunc(ends, func(a, b time.Time) int { return b.Compare(a) })
	return []refusal{{reason, c.Source, ends[c.Most-1]}}
}

// leaves returns when a contact no longer counts for the cap.
func (c Cap) leaves(x Contact, places []Place) time.Time {
	at := time.Unix(x.At, 0)
	end := at.Add(time.Duration(c.Hours) * time.Hour)
	if c.Days > 0 {
		end = latest(places, func(p Place) time.Time { return startOfDay(at, c.Days, p) })
	}
	if expires := time.Unix(x.Expires, 0); x.State == Reserved && expires.Before(end) {
		return expires
	}
	return end
}

// latest returns the last of the times of the places.
func latest(places []Place, f func(Place) time.Time) (out time.Time) {
	for _, p := range places {
		if t := f(p); t.After(out) {
			out = t
		}
	}
	return out
}
