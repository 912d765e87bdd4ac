package main

import (
	"context"
	"io/fs"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"rcu/pkg/lifecycle"
)

func TestUp_endsWhenNobodyCanBeToldWhereItIs(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	g, stopped := lifecycle.New(zap.NewNop(), 0), false
	g.Add(lifecycle.Part{Name: "part", Run: func(ctx context.Context) error { <-ctx.Done(); stopped = true; return nil }})
	err := upCmd{}.serve(ctx, &app{}, home{filepath.Join(t.TempDir(), "gone")}, g, instance{}, time.Now(), make(chan struct{}))
	require.ErrorIs(t, err, fs.ErrNotExist)
	require.ErrorContains(t, err, "writing the addresses")
	require.True(t, stopped)
	require.NoError(t, ctx.Err(), "at once, not when it is stopped")
}
