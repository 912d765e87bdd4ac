package judge

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

// resp speaks just enough of the protocol of Redis to list keys.
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

var errAnswer = errors.New("unexpected answer of redis")

// scan gives every key that matches a pattern, at least once.
func (c *resp) scan(pattern string, fn func(key string)) error {
	for cursor := "0"; ; {
		answer, err := c.do("SCAN", cursor, "MATCH", pattern, "COUNT", "2000")
		if err != nil {
			return err
		}
		pair, ok := answer.([]any)
		if !ok || len(pair) != 2 {
			return errAnswer
		}
		keys, _ := pair[1].([]any)
		for _, k := range keys {
			if name, ok := k.(string); ok {
				fn(name)
			}
		}
		if cursor, ok = pair[0].(string); !ok || cursor == "0" {
			return nil
		}
	}
}

func (c *resp) do(args ...string) (any, error) {
	if err := c.conn.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
		return nil, fmt.Errorf("asking redis: %w", err)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "*%d\r\n", len(args))
	for _, a := range args {
		fmt.Fprintf(&b, "$%d\r\n%s\r\n", len(a), a)
	}
	if _, err := io.WriteString(c.conn, b.String()); err != nil {
		return nil, fmt.Errorf("asking redis: %w", err)
	}
	return c.read()
}

func (c *resp) read() (any, error) {
	line, err := c.r.ReadString('\n')
	if err != nil || len(line) < 3 {
		return nil, errors.Join(errAnswer, err)
	}
	kind, text := line[0], strings.TrimRight(line[1:], "\r\n")
	if kind == '+' {
		return text, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || kind == '-' {
		return nil, fmt.Errorf("%w: %s", errAnswer, text)
	}
	switch {
	case kind == ':':
		return n, nil
	case n < 0:
		return nil, nil
	case kind == '$':
		raw := make([]byte, n+2)
		_, err := io.ReadFull(c.r, raw)
		return string(raw[:n]), err //nolint:wrapcheck // the caller's error
	}
	list := make([]any, n)
	for i := range list {
		if list[i], err = c.read(); err != nil {
			return nil, err
		}
	}
	return list, nil
}
