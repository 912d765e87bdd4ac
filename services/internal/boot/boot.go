package boot

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"rcu/pkg/config"
)

// Exit codes of every program.
const (
	ExitOK          = 0
	ExitError       = 1
	ExitUsage       = 2
	ExitInterrupted = 130
)

// sameSignal is how long after the first signal another one is the same wish: Ctrl-C reaches a program from the terminal
// and from the program that started it.
const sameSignal = 300 * time.Millisecond

// IO is the world around a program.
type IO struct {
	Args   []string // without the program's name
	Env    []string
	Stdin  io.Reader
	Stdout io.Writer
	Stderr io.Writer
	// Signals is where interrupts come from; nil means the process's own SIGINT and SIGTERM.
	Signals <-chan os.Signal
	// Yield lets everything else on the machine go first; nil does nothing.
	Yield func() error
}

// OS is the real world.
func OS() IO {
	return IO{Args: os.Args[1:], Env: os.Environ(), Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr, Yield: yield}
}

// Getenv gives the value of an environment variable, empty when it is not set.
func (io IO) Getenv(name string) string {
	value := ""
	for _, e := range io.Env {
		if k, v, ok := strings.Cut(e, "="); ok && k == name {
			value = v
		}
	}
	return value
}

// UsageError is a wrong call of the program.
type UsageError struct{ Err error }

func (e *UsageError) Error() string { return e.Err.Error() }
func (e *UsageError) Unwrap() error { return e.Err }

// Silent is an error whose story was told already: only its exit code counts.
type Silent struct{ Code int }

func (e *Silent) Error() string { return fmt.Sprintf("exit code %d", e.Code) }

// CutShort is what a program returns that was asked to end before its work was done. One that works until it is asked returns its context's error.
type CutShort struct{ Err error }

func (e *CutShort) Error() string { return "interrupted before it was done: " + e.Err.Error() }
func (e *CutShort) Unwrap() error { return e.Err }

// Main runs the program until it ends and gives its exit code. After a first signal the program's context is done;
// a second one does not wait for it.
func Main(name string, world IO, program func(context.Context, IO) error) int {
	tuneMemory(world)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	signals := world.Signals
	if signals == nil {
		own := make(chan os.Signal, 2)
		signal.Notify(own, os.Interrupt, syscall.SIGTERM)
		defer signal.Stop(own)
		signals = own
	}
	done := make(chan error, 1)
	go func() { done <- program(ctx, world) }()
	asked := false
	var since time.Time
	for {
		select {
		case err := <-done:
			return exit(name, world.Stderr, err, asked)
		case _, ok := <-signals:
			switch {
			case !ok:
				signals = nil
			case asked && time.Since(since) < sameSignal:
			case asked:
				_, _ = fmt.Fprintf(world.Stderr, "%s: stopped at once\n", name)
				return ExitInterrupted
			default:
				asked, since = true, time.Now()
				cancel()
			}
		}
	}
}

func exit(name string, stderr io.Writer, err error, asked bool) int {
	var silent *Silent
	var usage *UsageError
	var conf *config.Error
	var cut *CutShort
	switch {
	case errors.As(err, &cut):
		_, _ = fmt.Fprintf(stderr, "%s: %s\n", name, cut)
		return ExitInterrupted
	case err == nil, asked && errors.Is(err, context.Canceled):
		return ExitOK
	case errors.As(err, &silent):
		return silent.Code
	case errors.As(err, &conf):
		_, _ = fmt.Fprintf(stderr, "%s: the configuration cannot be used:\n  %s\n", name, strings.ReplaceAll(conf.Error(), "\n", "\n  "))
		return ExitUsage
	case errors.As(err, &usage):
		_, _ = fmt.Fprintf(stderr, "%s: %s\n", name, usage)
		return ExitUsage
	default:
		_, _ = fmt.Fprintf(stderr, "%s: %s\n", name, err)
		return ExitError
	}
}
