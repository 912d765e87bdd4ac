package main

import (
	"io"
	"os"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"
)

// steps draws the steps of a rebuild on a terminal, and nothing elsewhere.
type steps struct {
	out   io.Writer
	last  string
	total int64
	p     *progressbar.ProgressBar
}

func newSteps(a *app) *steps {
	file, ok := a.world.Stderr.(*os.File)
	if a.json || !ok || !term.IsTerminal(int(file.Fd())) { //nolint:gosec // a file descriptor is small
		return &steps{}
	}
	return &steps{out: file}
}

// set draws how far a step is: a bar, or a count alone while nobody knows its total.
func (s *steps) set(step string, done, total int64) {
	if s.out == nil {
		return
	}
	if total <= 0 {
		total = -1
	}
	switch {
	case step != s.last:
		s.done()
		s.last, s.total = step, total
		s.p = progressbar.NewOptions64(total, progressbar.OptionSetWriter(s.out), progressbar.OptionSetDescription(step), progressbar.OptionShowCount(),
			progressbar.OptionShowIts(), progressbar.OptionThrottle(200*time.Millisecond), progressbar.OptionSetWidth(30), progressbar.OptionClearOnFinish())
	case total > s.total && s.total > 0: // there is more of it than was known
		s.total = total
		s.p.ChangeMax64(total)
	}
	_ = s.p.Set64(done)
}

func (s *steps) done() {
	if s.p != nil {
		_ = s.p.Finish()
	}
}
