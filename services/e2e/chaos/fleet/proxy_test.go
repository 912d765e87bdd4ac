package fleet_test

import (
	"io"
	"math/rand/v2"
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rcu/services/e2e/chaos/fleet"
)

// echo serves what it is sent.
func echo(t *testing.T) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = ln.Close() })
	go func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			go func() { _, _ = io.Copy(c, c) }()
		}
	}()
	return ln.Addr().String()
}

func dial(t *testing.T, p *fleet.Proxy) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", p.Addr())
	require.NoError(t, err)
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// says sends a byte and reads it back.
func says(c net.Conn, within time.Duration) error {
	if err := c.SetDeadline(time.Now().Add(within)); err != nil {
		return err
	}
	if _, err := c.Write([]byte{1}); err != nil {
		return err
	}
	_, err := io.ReadFull(c, make([]byte, 1))
	return err
}

func TestProxy_disturbsAndRestores(t *testing.T) {
	p, err := fleet.OpenProxy(t.Context(), "127.0.0.1:0", echo(t))
	require.NoError(t, err)
	t.Cleanup(p.Close)
	c := dial(t, p)
	require.NoError(t, says(c, time.Second))

	require.Equal(t, 1, p.Cut(rand.New(rand.NewPCG(1, 1)), 1))
	require.Error(t, says(c, time.Second), "a cut connection")

	c = dial(t, p)
	require.NoError(t, says(c, time.Second))
	require.Equal(t, 1, p.Refuse())
	require.Error(t, says(c, time.Second), "a refusing proxy cuts what is open")
	require.Error(t, says(dial(t, p), time.Second), "and takes nothing new")
	p.Restore()

	c = dial(t, p)
	require.NoError(t, says(c, time.Second))
	require.Equal(t, 1, p.Hold())
	require.Error(t, says(c, 50*time.Millisecond), "a held byte")
	p.Restore()
	require.NoError(t, c.SetDeadline(time.Now().Add(time.Second)))
	_, err = io.ReadFull(c, make([]byte, 1))
	require.NoError(t, err, "what was held comes in the end")
}
