package stateredis

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rcu/pkg/contact"
	"rcu/pkg/resolve/statetest"
)

func TestContacts(t *testing.T) {
	statetest.Contacts(t, func(t testing.TB) contact.Store {
		t.Helper()
		return NewContacts(open(t))
	})
}

// A server that lost its functions answers with an error once, and gets them again.
func TestContacts_functionComesBackAfterAFlush(t *testing.T) {
	c := open(t)
	s := NewContacts(c)
	require.NoError(t, c.rdb.FunctionFlush(t.Context()).Err())
	x, until := contact.Stored{Key: "cc:a", Value: []byte("x")}, time.Now().Add(time.Hour)
	_, err := s.CommitContacts(t.Context(), x, until)
	require.Error(t, err)
	ok, err := s.CommitContacts(t.Context(), x, until)
	require.NoError(t, err)
	require.True(t, ok)
	require.Equal(t, "contacts", KindOf("cc:a"))
}
