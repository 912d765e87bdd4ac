package contact

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// contended is a store in which somebody else writes a contact before each of the first commits.
type contended struct {
	value   Log
	version uint64
	others  []Contact
	commits int
}

func (s *contended) LoadContacts(_ context.Context, keys []string) ([]Stored, error) {
	return []Stored{{Key: keys[0], Version: s.version, Value: s.value.Encode()}}, nil
}

func (s *contended) CommitContacts(_ context.Context, x Stored, _ time.Time) (bool, error) {
	s.commits++
	if len(s.others) > 0 {
		s.value, s.others = s.value.With(s.others[0]), s.others[1:]
		s.version++
	}
	if x.Version != s.version {
		return false, nil
	}
	var err error
	s.value, err = Decode(x.Value)
	s.version++
	return true, err
}

func madeAt(n int) Contact {
	return Contact{ID: ID{byte(n)}, At: int64(n), State: Made, Channel: "email"}
}

func TestJoin_keepsWhatComesMeanwhile(t *testing.T) {
	s := &contended{value: Log{}.With(madeAt(1)), others: []Contact{madeAt(2), madeAt(3)}}
	logs := map[string]Log{"cc:x": Log{}.With(madeAt(4))}
	require.NoError(t, Join(t.Context(), s, logs, time.Hour))
	require.Len(t, s.value.Contacts(), 4)
	require.Equal(t, 3, s.commits)
	require.NoError(t, Join(t.Context(), s, logs, time.Hour))
	require.Equal(t, 3, s.commits, "what stands already is not written")

	for n := range 2 * joinTries {
		s.others = append(s.others, madeAt(10+n))
	}
	require.ErrorIs(t, Join(t.Context(), s, map[string]Log{"cc:x": Log{}.With(madeAt(5))}, time.Hour), errContended)
}
