package stream

import (
	"context"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
)

// errProtocol is the cause of a connection that failed because one side speaks TLS and the other does not.
var errProtocol = errors.New("one side speaks TLS and the other does not")

// otherProtocol asks the brokers in the way that the settings do not say, after they closed a connection without a word: a listener that
// understands it wants another tls.enabled. nil: nobody understood it, and the reason is another one.
func (c *Client) otherProtocol(ctx context.Context, err error) *AccessError {
	var op *net.OpError
	if err == nil || errors.As(err, &op) && op.Op == "dial" || ctx.Err() != nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, c.cfg.DialTimeout)
	defer cancel()
	for _, broker := range c.cfg.Brokers {
		switch {
		case c.tls == nil && c.speaks(ctx, broker, speaksTLS):
			return &AccessError{Setting: "tls.enabled", Fix: fmt.Sprintf("the listener %s wants TLS: set it to true, or name a listener without TLS in brokers", broker), Err: errProtocol}
		case c.tls != nil && c.speaks(ctx, broker, speaksPlain):
			return &AccessError{Setting: "tls.enabled", Fix: fmt.Sprintf("the listener %s speaks no TLS: set it to false, or name the TLS listener in brokers", broker), Err: errProtocol}
		}
	}
	return nil
}

// speaks tries one listener.
func (c *Client) speaks(ctx context.Context, broker string, understands func(context.Context, net.Conn) bool) bool {
	dial := c.dial
	if dial == nil {
		dial = new(net.Dialer).DialContext
	}
	conn, err := dial(ctx, "tcp", broker)
	if err != nil {
		return false
	}
	defer func() { _ = conn.Close() }()
	if deadline, ok := ctx.Deadline(); ok {
		_ = conn.SetDeadline(deadline)
	}
	return understands(ctx, conn)
}

// speaksTLS begins a handshake. Nothing is sent after it, so whose certificate the other side shows does not matter.
func speaksTLS(ctx context.Context, conn net.Conn) bool {
	err := tls.Client(conn, &tls.Config{InsecureSkipVerify: true, MinVersion: tls.VersionTLS12}).HandshakeContext(ctx) //nolint:gosec // says which protocol it is, and nothing else
	var op *net.OpError
	return err == nil || errors.As(err, &op) && op.Op == "remote error"
}

// speaksPlain asks for the versions of the protocol, which every listener answers before a log-in.
func speaksPlain(_ context.Context, conn net.Conn) bool {
	const number = 0x7263750a // of the question, which the answer repeats
	question := []byte{0, 0, 0, 10, 0, 18, 0, 0, 0, 0, 0, 0, 0xff, 0xff}
	binary.BigEndian.PutUint32(question[8:], number)
	if _, err := conn.Write(question); err != nil {
		return false
	}
	var answer [8]byte
	_, err := io.ReadFull(conn, answer[:])
	return err == nil && binary.BigEndian.Uint32(answer[4:]) == number
}
