package main

import (
	"bytes"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"rcu/services/internal/boot"
)

// frames are what stood on a line of a terminal, one after the other.
func frames(written string) (out []string) {
	for frame := range strings.SplitSeq(written, "\r") {
		if frame = strings.TrimRight(frame, " "); frame != "" {
			out = append(out, frame)
		}
	}
	return out
}

// A step is drawn with how far it has come and how long it may take, at most five times a second; where nobody knows its total, as a count. It is wiped when the
// next one begins.
func TestStepsOfARebuildAreDrawn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var screen bytes.Buffer
		s := &steps{out: &screen}
		after := func(d time.Duration, step string, done, total int64) {
			timer := time.NewTimer(d)
			<-timer.C
			s.set(step, done, total)
		}
		after(0, "loading changelogs", 0, 1000)
		after(time.Second, "loading changelogs", 250, 1000)
		after(time.Millisecond, "loading changelogs", 260, 1000) // too soon to be drawn
		after(time.Second, "loading changelogs", 500, 1000)
		after(time.Second, "loading changelogs", 900, 1500) // there is more of it
		after(time.Second, "loading changelogs", 1200, 1500)
		after(time.Second, "loading changelogs", 1500, 1500) // and is wiped
		s.set("joining consent decisions", 0, 10)
		after(time.Second, "joining consent decisions", 5, 10)
		s.done()
		require.Equal(t, []string{
			"loading changelogs   0% |                              | (0/1000, 0 it/hr) [0s:0s]",
			"loading changelogs  25% |███████                       | (250/1000, 250 it/s) [1s:3s]",
			"loading changelogs  50% |███████████████               | (500/1000, 250 it/s) [2s:2s]",
			"loading changelogs  33% |█████████                     | (500/1500, 167 it/s) [3s:6s]",
			"loading changelogs  80% |████████████████████████      | (1200/1500, 300 it/s) [4s:1s]",
			"joining consent decisions   0% |                              | (0/10, 0 it/hr) [0s:0s]",
			"joining consent decisions  50% |███████████████               | (5/10, 5 it/s) [1s:1s]",
		}, frames(screen.String()))
	})
}

func TestAStepWithoutATotalIsDrawnAsACount(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var screen bytes.Buffer
		s := &steps{out: &screen}
		s.set("reading what the changelogs tell", 0, 0)
		s.done()
		s.set("reading keys", 1000, -1)
		timer := time.NewTimer(time.Second)
		<-timer.C
		s.set("reading keys", 2000, -1)
		timer.Reset(time.Second) // it is drawn by itself
		<-timer.C
		s.done()
		timer.Reset(time.Second) // what draws it notices that it is over
		<-timer.C
		drawn := frames(screen.String())
		require.Contains(t, drawn[0], "reading what the changelogs tell")
		require.Contains(t, drawn[len(drawn)-1], "reading keys (2000/-, ")
	})
}

func TestStepsAreDrawnOnATerminalAlone(t *testing.T) {
	var stderr bytes.Buffer
	s := newSteps(&app{world: boot.IO{Stderr: &stderr}})
	s.set("loading changelogs", 1, 2)
	s.done()
	require.Empty(t, stderr.String())
}
