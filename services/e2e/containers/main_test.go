package containers

import (
	"os"
	"testing"

	"rcu/services/e2e/stack"
)

func TestMain(m *testing.M) {
	code := m.Run()
	stack.Close()
	os.Exit(code)
}
