package identity_test

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"rcu/pkg/identity"
	"rcu/pkg/testkit"
)

// Facts that were cut in the middle of a line are refused with its number, wherever the cut is; there is no answer for a part of them.
func TestSolve_factsCutInTheMiddle(t *testing.T) {
	lines := exchange(historyAt(0))
	whole := strings.Join(lines, "\n")
	complete := map[int]int{} // length of what is whole -> its lines
	at := -1
	for i, line := range lines {
		at += 1 + len(line)
		complete[at], complete[at+1] = i+1, i+1
	}
	cuts := 0
	for length := 1; length < len(whole); length += 5 {
		if complete[length] > 0 {
			continue
		}
		answer, err := identity.Solve(strings.NewReader(whole[:length]), nil)
		var bad *identity.SolveError
		require.ErrorAs(t, err, &bad, "cut at %d", length)
		require.Nil(t, answer)
		require.Equal(t, 1+strings.Count(whole[:length], "\n"), bad.Line)
		require.NotEmpty(t, bad.Fix)
		cuts++
	}
	require.Greater(t, cuts, 300)
	answer, err := identity.Solve(io.MultiReader(strings.NewReader(whole[:len(whole)/2]), brokenDisk{}), nil)
	require.ErrorIs(t, err, errDisk)
	require.Nil(t, answer)
}

var errDisk = errors.New("the disk is broken")

type brokenDisk struct{}

func (brokenDisk) Read([]byte) (int, error) { return 0, errDisk }

// manyFacts writes events of people of four identifiers until there are so many bytes.
type manyFacts struct {
	bytes  int
	line   strings.Reader
	people int
	rng    *rand.Rand
}

// Read implements io.Reader.
func (m *manyFacts) Read(b []byte) (int, error) {
	if m.line.Len() == 0 {
		if m.bytes <= 0 {
			return 0, io.EOF
		}
		i := m.people
		m.people++
		text := fmt.Sprintf(`{"kind":"event","id":"till-%d","t":%d,"ids":["card:%d","email:%d","phone:%d","pay:%d"],"class":"core","stated":%t,"amount":%d}`+"\n",
			i, m.rng.Int64N(1<<30), i, i, i-i%2, i, i%3 == 0, i%100)
		m.bytes -= len(text)
		m.line.Reset(text)
	}
	return m.line.Read(b)
}

// Twenty megabytes of facts are solved, a hundred at night; TestSolveRefusesMoreThanFitsInMemory has what is more than the bound.
func TestLongSolveOfManyMegabytes(t *testing.T) {
	testkit.Long(t)
	megabytes := int(min(testkit.Histories(t, 20), 100))
	in := &manyFacts{bytes: megabytes << 20, rng: rand.New(rand.NewPCG(1, 1))}
	answer, err := identity.Solve(in, nil)
	require.NoError(t, err)
	events := 0
	for _, f := range answer.Folds {
		events += f.Events
	}
	require.Equal(t, in.people, events)
	require.NotEmpty(t, answer.Nobody, "every second phone is of two people")
	t.Logf("%d MB, %d events, %d people", megabytes, events, len(answer.Profiles))
}
