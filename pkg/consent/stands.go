package consent

import (
	"slices"
	"strconv"
	"strings"
)

// stands reports whether a decision of a history counts at all. A denial always does. A grant does not where its id was said before, at an earlier time: an
// act happens once, and whoever sends it again with another time takes back nothing that was denied in between. Nor does a confirmation that came after the
// person had decided otherwise, whenever that is heard.
func stands(ds []Decision, i int) bool {
	if ds[i].Dec != Grant || ds[i].ID == "" {
		return true
	}
	return !saidBefore(ds, i) && !overtaken(ds, i)
}

// saidBefore reports whether the id of a decision stands earlier in its history. Of two of one instant the order decides.
func saidBefore(ds []Decision, i int) bool {
	return !faults.everyTime && slices.ContainsFunc(ds[:i], func(d Decision) bool { return d.ID == ds[i].ID && d.At < ds[i].At })
}

// confirmed stands between the id of a grant that waited and when the person asked for it, in the id of what confirms it.
const confirmed = "#confirmed@"

// ConfirmationID is the id of the decision that confirms a grant of a time, which waited until then. It tells registers, which no waiting grant enters,
// since when a denial overtakes the confirmation.
func ConfirmationID(waited string, asked int64) string {
	return waited + confirmed + strconv.FormatInt(asked, 10)
}

// overtaken reports whether a decision is a confirmation, and something was denied after the person had asked for what it confirms.
func overtaken(ds []Decision, i int) bool {
	at := strings.LastIndex(ds[i].ID, confirmed)
	if at < 0 || faults.confirmsAll {
		return false
	}
	asked, err := strconv.ParseInt(ds[i].ID[at+len(confirmed):], 10, 64)
	return err == nil && slices.ContainsFunc(ds[:i], func(d Decision) bool { return d.Denies() && d.At >= asked })
}

// Repeats reports whether a grant was said before under its id, so that it decides nothing that is not known. What lies on Kafka all the same, or comes in
// another order, counts from the first time on.
func (r Register) Repeats(pc PurposeChannel, d Decision) bool {
	if d.Dec != Grant || d.ID == "" {
		return false
	}
	h := r.History(pc.Purpose, pc.Channel)
	among := h.Said
	if d.Carried {
		among = h.Carried
	}
	return slices.ContainsFunc(among, func(x Decision) bool { return x.ID == d.ID && x.At < d.At })
}
