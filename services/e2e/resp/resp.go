// Package resp looks into a Redis from outside the product: it speaks just enough of its protocol to list and read keys, so that what the
// benchmarks and chaos report does not lean on the adapter they judge.
package resp

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

// patience is how long an answer may take.
const patience = 20 * time.Second

// errAnswer is an answer that is not of the protocol, or a refusal.
var errAnswer = errors.New("unexpected answer of redis")

// Conn is one connection; it is used by one goroutine at a time.
type Conn struct {
	conn net.Conn
	r    *bufio.Reader
}

// Dial connects to host:port.
func Dial(ctx context.Context, addr string) (*Conn, error) {
	var d net.Dialer
	conn, err := d.DialContext(ctx, "tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("dialling redis: %w", err)
	}
	return &Conn{conn, bufio.NewReader(conn)}, nil
}

// Close ends the connection.
func (c *Conn) Close() { _ = c.conn.Close() }

// Do sends one command and returns its answer: string, int64, nil or []any.
func (c *Conn) Do(args ...string) (any, error) {
	answers, err := c.Pipeline(args)
	if err != nil {
		return nil, err
	}
	return answers[0], nil
}

// Pipeline sends commands in one round trip and returns their answers.
func (c *Conn) Pipeline(commands ...[]string) ([]any, error) {
	if err := c.conn.SetDeadline(time.Now().Add(patience)); err != nil {
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

// Scan gives every key that matches a pattern, at least once.
func (c *Conn) Scan(pattern string, fn func(key string)) error {
	for cursor := "0"; ; {
		answer, err := c.Do("SCAN", cursor, "MATCH", pattern, "COUNT", "2000")
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

// UsedMemory is what the server holds, in bytes.
func (c *Conn) UsedMemory() (int64, error) {
	answer, err := c.Do("INFO", "memory")
	if err != nil {
		return 0, err
	}
	text, _ := answer.(string)
	for line := range strings.Lines(text) {
		if v, ok := strings.CutPrefix(strings.TrimSpace(line), "used_memory:"); ok {
			return strconv.ParseInt(v, 10, 64) //nolint:wrapcheck // says all
		}
	}
	return 0, errors.New("redis does not tell its memory")
}

func (c *Conn) read() (any, error) {
	line, err := c.r.ReadString('\n')
	if err != nil || len(line) < 3 {
		return nil, errors.Join(errAnswer, err)
	}
	kind, text := line[0], strings.TrimRight(line[1:], "\r\n")
	if kind == '+' {
		return text, nil
	}
	n, err := strconv.ParseInt(text, 10, 64)
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
