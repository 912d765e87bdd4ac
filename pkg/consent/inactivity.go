package consent

import "slices"

// QuietEnd is when a grant of a time ends on a channel because the person does nothing, as of the last act that is known of them; 0 = it does not
// end so. Sales that stand for consent end the same way.
func (i Info) QuietEnd(channel string, granted, lastAct int64) int64 {
	months := i.On[channel].Inactivity
	if months == 0 {
		return 0
	}
	return AddMonths(max(granted, lastAct), months)
}

// AllowedAt reports whether a purpose is allowed on the point at t: its register permits it, and the person was not inactive for too long.
func (x Point) AllowedAt(purpose Purpose, channel string, t int64) bool {
	return !x.Unreadable && x.Register.AllowedAt(purpose, channel, t) && !over(x.QuietEnd(purpose, channel, t), t)
}

// Lapsed is when a purpose ended on the point because the person did nothing for too long, and it is that alone which denies it at t; 0 = it is not.
func (x Point) Lapsed(purpose Purpose, channel string, t int64) int64 {
	end := x.QuietEnd(purpose, channel, t)
	if x.Unreadable || !over(end, t) || !x.Register.AllowedAt(purpose, channel, t) {
		return 0
	}
	return end
}

// QuietEnd is when the grant, or the sale, that holds at t ends because the person does nothing; 0 = none holds, or it does not end so.
func (x Point) QuietEnd(purpose Purpose, channel string, t int64) int64 {
	d, _ := x.Register.History(purpose, channel).At(t)
	info, ok := PurposeOf(purpose)
	if _, sale := FamilyOf(purpose); sale {
		d, _ = x.Register.saleAt(purpose, t)
		info, channel = offered, offeredOn
	} else if !ok {
		return 0
	}
	if d.Dec != Grant {
		return 0
	}
	return info.QuietEnd(channel, d.At, x.LastAct)
}

// Quiet reports whether a grant on some point ended by t because nothing is known that the person did: who has not read yet what they did reads
// it then.
func Quiet(points []Point, t int64) bool {
	return slices.ContainsFunc(points, func(x Point) bool {
		return slices.ContainsFunc(x.Register.entries, func(e entry) bool { return over(x.QuietEnd(e.Purpose, e.Channel, t), t) })
	})
}

// Acted says of all points when the person last did something.
func Acted(points []Point, lastAct int64) {
	for i := range points {
		points[i].LastAct = lastAct
	}
}

// nextQuiet is the first end by inactivity after a time, of the grants that hold then; noTime without one.
func (x Point) nextQuiet(after int64) int64 {
	next := noTime
	for _, e := range x.Register.entries {
		if end := x.QuietEnd(e.Purpose, e.Channel, after); end > after {
			next = min(next, end)
		}
	}
	return next
}

func over(end, t int64) bool { return end != 0 && end <= t }
