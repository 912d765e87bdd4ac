package consent

import (
	"strconv"

	"google.golang.org/protobuf/proto"

	eventpb "rcu/schemas/event"
)

// saidNow is how many seconds before it was received a denial may have been decided to be one of now: it is told over a network, by another clock.
const saidNow = 300

// OverLater is a denial of now once more, for the time of a grant that stands in the register and lies ahead: of a machine whose clock is faster, or of before
// the clock was set back. Else that grant would come into force behind the denial; at one instant the denial holds. A denial of an earlier time takes
// back nothing that was said since. ok is false where nothing lies ahead.
func OverLater(d *eventpb.Decision, r Register) (later *eventpb.Decision, ok bool) {
	received := d.GetReceivedAt() / 1e6
	at := r.History(Purpose(d.GetPurpose()), d.GetChannel()).lastGrant()
	if !TakesAway(d) || d.GetDecidedAt()+saidNow < received || at <= max(received, d.GetDecidedAt()) {
		return nil, false
	}
	later = proto.CloneOf(d)
	later.DecidedAt, later.Id = at, d.GetId()+"#"+strconv.FormatInt(at, 10)
	return later, true
}
