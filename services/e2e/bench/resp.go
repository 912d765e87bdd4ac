package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"time"
)

// resp speaks just enough of the protocol of Redis to look at keys.
type resp struct {
	conn net.Conn
	r    *bufio.Reader
}

func dialRedis(ctx context.Context, addr string) (*resp, error) {
	var d net.Dialer
	conn, err := d.DialContext(ctx, "tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("dialling redis: %w", err)
	}
	return &resp{conn, bufio.NewReader(conn)}, nil
}

func (c *resp) close() { _ = c.conn.Close() }

// do sends commands in one round trip and returns their answers: string, int64, nil or []any.
func (c *resp) do(commands ...[]string) ([]any, error) {
	if err := c.conn.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
		return nil, fmt.Errorf("asking redis: %w", err)
	}
	var b strings.Builder
	for _, args := range commands {
		fmt.Fprintf(&b, "*%d\r\n", len(args))
		for _, a := range args {
			fmt.Fprintf(&b, "$%d\r\n%s\r\n", len(a), a)
		}
	}
	if _, err := io.WriteString(c.conn, b.String()); err != nil {
		return nil, fmt.Errorf("asking redis: %w", err)
	}
	out := make([]any, len(commands))
	for i := range out {
		var err error
		if out[i], err = c.read(); err != nil {
			return nil, fmt.Errorf("reading redis' answer: %w", err)
		}
	}
	return out, nil
}

func (c *resp) read() (any, error) {
	line, err := c.r.ReadString('\n')
	if err != nil || len(line) < 3 {
		return nil, errors.Join(err, errors.New("no line"))
	}
	kind, text := line[0], strings.TrimRight(line[1:], "\r\n")
	switch kind {
	case '+':
		return text, nil
	case '-':
		return nil, errors.New(text)
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || kind == ':' {
		return n, err //nolint:wrapcheck // the caller wraps
	}
	if n < 0 {
		return nil, nil
	}
	if kind == '$' {
		raw := make([]byte, n+2)
		_, err := io.ReadFull(c.r, raw)
		return string(raw[:n]), err //nolint:wrapcheck // the caller wraps
	}
	list := make([]any, n)
	for i := range list {
		if list[i], err = c.read(); err != nil {
			return nil, err
		}
	}
	return list, nil
}
