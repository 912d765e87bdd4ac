package sink

import (
	"fmt"

	"google.golang.org/protobuf/proto"

	"rcu/pkg/stream"
	eventpb "rcu/schemas/event"
)

// changelogType names the messages that only rebuilds read.
var changelogType = new(eventpb.Changelog).ProtoReflect().Descriptor().FullName()

// decoded is a message and where it stood.
type decoded struct {
	offset  int64
	message proto.Message
}

// decode reads the records of a batch. Tombstones are passed over: of a profile that is gone, the message says so.
func (s *Service) decode(b stream.Batch) ([]decoded, *badRecords) {
	out, bad := make([]decoded, 0, len(b.Records)), &badRecords{}
	for i := range b.Records {
		r := &b.Records[i]
		if r.Value == nil || r.Topic == stream.TopicContacts && r.Type() == changelogType {
			continue // the log of contacts beside their steps is for rebuilds
		}
		m := messageOf(b.Topic)
		err := r.Decode(m)
		if e, ok := m.(*eventpb.Resolved); ok && err == nil {
			err = s.check(e)
		}
		if err != nil {
			bad.add(r.Offset, err)
			continue
		}
		out = append(out, decoded{r.Offset, m})
	}
	return out, bad
}

func messageOf(topic string) proto.Message {
	switch topic {
	case stream.TopicOwners:
		return &eventpb.Owner{}
	case stream.TopicProfiles:
		return &eventpb.Profile{}
	case stream.TopicIdentity:
		return &eventpb.Transition{}
	case stream.TopicConsents:
		return &eventpb.Decision{}
	case stream.TopicContacts:
		return &eventpb.ContactStep{}
	default:
		return &eventpb.Resolved{}
	}
}

// append adds the rows of a message, or says why it can never be written.
func (t *tables) append(m proto.Message) error {
	switch m := m.(type) {
	case *eventpb.Resolved:
		t.event(m)
		return nil
	case *eventpb.Owner:
		return t.owner(m)
	case *eventpb.Profile:
		return t.profile(m)
	case *eventpb.Transition:
		return t.transition(m)
	case *eventpb.Decision:
		return t.decision(m)
	case *eventpb.ContactStep:
		return t.step(m)
	}
	return fmt.Errorf("no table takes a %s", m.ProtoReflect().Descriptor().Name())
}

// badRecords are the records of a batch that can never be written.
type badRecords struct {
	offsets []int64
	first   error
}

func (b *badRecords) add(offset int64, err error) {
	if b.first == nil {
		b.first = err
	}
	b.offsets = append(b.offsets, offset)
}

// invalid sends them to the dead letter; nil when there are none.
func (b *badRecords) invalid() error {
	if len(b.offsets) == 0 {
		return nil
	}
	return stream.Invalid("corrupt", b.first, b.offsets...)
}
