package rebuild_test

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rcu/pkg/identifier"
	"rcu/pkg/resolve"
	"rcu/pkg/resolve/stateredis"
	"rcu/pkg/stream"
	eventpb "rcu/schemas/event"
	"rcu/services/internal/rebuild"
)

// Of the records of a subject's key the newest counts in whatever order they lie: one that was destroyed stays so, and one that came after an erasure stands.
func TestOfTheKeysOfASubjectTheNewestComesBack(t *testing.T) {
	i := newInstallation(t)
	made, destroyed, again := key([]byte("first"), 50), key(nil, 70), key([]byte("second"), 90)
	before := key([]byte("first"), 0) // of a program that wrote no versions
	cases := map[string]struct {
		records []*eventpb.WrappedKey
		value   string
		gone    bool
	}{
		"a@example.org": {[]*eventpb.WrappedKey{made}, "first", false},
		"b@example.org": {[]*eventpb.WrappedKey{made, destroyed}, "", true},
		"c@example.org": {[]*eventpb.WrappedKey{destroyed, made}, "", true},
		"d@example.org": {[]*eventpb.WrappedKey{made, destroyed, again}, "second", false},
		"e@example.org": {[]*eventpb.WrappedKey{again, made, destroyed}, "second", false},
		"f@example.org": {[]*eventpb.WrappedKey{destroyed, before}, "", true},
		"g@example.org": {[]*eventpb.WrappedKey{before}, "first", false},
		"h@example.org": {[]*eventpb.WrappedKey{made, nil}, "", true},
	}
	cellOf := func(mail string) string {
		return resolve.SubjectKeyCell(space, retail, identifier.KeyOf(identifier.Email, i.ring.Pseudonym(space, identifier.Email, mail)))
	}
	for mail, c := range cases {
		for _, k := range c.records {
			r := stream.Tombstone(stream.TopicKeys, []byte(cellOf(mail)), time.Now())
			if k != nil {
				var err error
				r, err = stream.Encode(stream.TopicKeys, []byte(cellOf(mail)), k, time.Now())
				require.NoError(t, err)
			}
			r.Pinned, r.Partition = true, 1
			i.batch = append(i.batch, r)
		}
	}
	i.publish()
	for _, records := range []int{1, 5000} { // written one by one, and together
		fresh := openRedis(t)
		_, err := rebuild.Redis(t.Context(), rebuild.Config{Records: records}, rebuild.Deps{Stream: i.client, Redis: fresh})
		require.NoError(t, err)
		for mail, c := range cases {
			cells, err := stateredis.NewCells(fresh).LoadCells(t.Context(), []string{cellOf(mail)})
			require.NoError(t, err)
			require.Equal(t, c.value, string(cells[0].Value), mail)
			require.Equal(t, c.gone, resolve.KeyDestroyed(cells[0]), mail)
		}
	}
}

func key(wrapped []byte, version uint64) *eventpb.WrappedKey {
	return &eventpb.WrappedKey{Controller: retail, Subject: "00", Wrapped: slices.Clone(wrapped), Version: version}
}
