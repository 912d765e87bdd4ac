package statemem_test

import (
	"testing"
	"time"

	"rcu/pkg/contact"
	"rcu/pkg/resolve/statemem"
	"rcu/pkg/resolve/statetest"
)

func TestContacts(t *testing.T) {
	statetest.Contacts(t, func(testing.TB) contact.Store { return statemem.NewContacts(time.Now) })
}
