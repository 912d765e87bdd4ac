package boot_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"rcu/pkg/config"
	"rcu/services/internal/boot"
)

func TestMainExitCodes(t *testing.T) {
	var problems config.Problems
	problems.Add("kafka.brokers", "is required")
	problems.Add("name", "is required")
	tests := []struct {
		name string
		err  error
		code int
		told string
	}{
		{"done", nil, 0, ""},
		{"an error", fmt.Errorf("reading the map: %w", os.ErrNotExist), 1, "rcu: reading the map: file does not exist\n"},
		{"wrong usage", &boot.UsageError{Err: errors.New("unknown flag --x")}, 2, "rcu: unknown flag --x\n"},
		{"a wrong configuration", fmt.Errorf("starting: %w", problems.Err()), 2, "rcu: the configuration cannot be used:\n  kafka.brokers: is required\n  name: is required\n"},
		{"told already", &boot.Silent{Code: 1}, 1, ""},
		{"cut short", fmt.Errorf("backing up: %w", &boot.CutShort{Err: context.Canceled}), 130, "rcu: interrupted before it was done: context canceled\n"},
		{"cancelled by nobody", context.Canceled, 1, "rcu: context canceled\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var stderr bytes.Buffer
			code := boot.Main("rcu", boot.IO{Stderr: &stderr}, func(context.Context, boot.IO) error { return tt.err })
			require.Equal(t, tt.code, code)
			require.Equal(t, tt.told, stderr.String())
		})
	}
}

func TestMainStopsInOrderAtTheFirstSignal(t *testing.T) {
	signals := make(chan os.Signal, 1)
	code := boot.Main("rcu", boot.IO{Signals: signals}, func(ctx context.Context, _ boot.IO) error {
		signals <- syscall.SIGTERM
		<-ctx.Done()
		return fmt.Errorf("running: %w", ctx.Err())
	})
	require.Equal(t, boot.ExitOK, code)
}

func TestMainEndsAtTheSecondSignal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		signals := make(chan os.Signal)
		never := make(chan struct{})
		var stderr bytes.Buffer
		began := time.Now()
		go func() {
			signals <- os.Interrupt
			signals <- os.Interrupt // the same key stroke on another way
			<-time.After(time.Second)
			signals <- os.Interrupt
		}()
		code := boot.Main("rcu", boot.IO{Signals: signals, Stderr: &stderr}, func(context.Context, boot.IO) error {
			<-never
			return nil
		})
		require.Equal(t, boot.ExitInterrupted, code)
		require.Equal(t, "rcu: stopped at once\n", stderr.String())
		require.Equal(t, time.Second, time.Since(began))
		close(never)
	})
}

func TestGetenv(t *testing.T) {
	world := boot.IO{Env: []string{"A=1", "B=x=y", "A=2"}}
	require.Equal(t, "2", world.Getenv("A"))
	require.Equal(t, "x=y", world.Getenv("B"))
	require.Empty(t, world.Getenv("C"))
}
