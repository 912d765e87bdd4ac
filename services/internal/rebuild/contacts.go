package rebuild

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"rcu/pkg/contact"
	"rcu/pkg/resolve/stateredis"
	"rcu/pkg/stream"
	eventpb "rcu/schemas/event"
)

// joinTries bounds how often something is read again that is written meanwhile.
const joinTries = 32

var errContended = errors.New("what stands in redis kept changing")

// putContacts counts contacts again. They are single facts that join whatever stands in Redis: neither their order nor repetition matters, and
// contacts that are made meanwhile stay.
func (w *work) putContacts(ctx context.Context, records []stream.Record) error {
	all, err := changelogs(slices.DeleteFunc(slices.Clone(records), isStep))
	if err != nil {
		return err
	}
	logs := map[string]contact.Log{}
	for _, c := range all {
		l, err := contact.Decode(c.GetValue())
		if err != nil {
			return err //nolint:wrapcheck // says all
		}
		logs[string(c.GetKey())] = logs[string(c.GetKey())].Merge(l)
	}
	if err := contact.Join(ctx, stateredis.NewContacts(w.deps.Redis), logs, stream.ContactsRetention); err != nil {
		return fmt.Errorf("counting contacts again: %w", err)
	}
	return nil
}

// isStep reports whether a record tells of a step of a contact: what it made stands beside it.
func isStep(r stream.Record) bool {
	return r.Type() == new(eventpb.ContactStep).ProtoReflect().Descriptor().FullName()
}
