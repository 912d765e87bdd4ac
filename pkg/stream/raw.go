package stream

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/segmentio/kafka-go/protocol"
)

// rawRequest is a request in a version that the protocol library does not
// have. It travels on the library's connections, so that TLS, SASL and limits
// are those of everything else.
type rawRequest struct {
	key      protocol.ApiKey
	version  int16
	flexible bool // has tags in its headers
	body     []byte
}

// rawResponse is the body of its answer.
type rawResponse struct {
	key  protocol.ApiKey
	body []byte
}

// ApiKey names the request.
func (r *rawRequest) ApiKey() protocol.ApiKey { return r.key } //nolint:revive,staticcheck // the library's spelling

// ApiKey names the answered request.
func (r *rawResponse) ApiKey() protocol.ApiKey { return r.key } //nolint:revive,staticcheck // the library's spelling

// Required says that the library cannot encode it.
func (*rawRequest) Required(map[protocol.ApiKey]int16) bool { return true }

// maxRawResponse bounds an answer.
const maxRawResponse = 16 << 20

// rawClientID is what the broker logs for these requests.
const rawClientID = "rcu"

// RawExchange writes the request and reads its answer.
func (r *rawRequest) RawExchange(rw io.ReadWriter) (protocol.Message, error) {
	const correlation = 1
	be := binary.BigEndian
	out := make([]byte, 4, 64+len(r.body))
	out = be.AppendUint16(out, uint16(r.key))     //nolint:gosec // as Kafka numbers them
	out = be.AppendUint16(out, uint16(r.version)) //nolint:gosec // as Kafka numbers them
	out = be.AppendUint32(out, correlation)
	out = be.AppendUint16(out, uint16(len(rawClientID)))
	out = append(out, rawClientID...)
	if r.flexible {
		out = append(out, 0)
	}
	out = append(out, r.body...)
	be.PutUint32(out, length32(len(out)-4))
	if _, err := rw.Write(out); err != nil {
		return nil, err
	}
	var head [8]byte
	if _, err := io.ReadFull(rw, head[:]); err != nil {
		return nil, err
	}
	size := int64(be.Uint32(head[:])) - 4
	if size < 0 || size > maxRawResponse || be.Uint32(head[4:]) != correlation {
		return nil, protocol.Errorf("a %s response of %d bytes does not answer the request", r.key, size)
	}
	body := make([]byte, size)
	if _, err := io.ReadFull(rw, body); err != nil {
		return nil, err
	}
	d := wireReader{b: body}
	if r.flexible {
		d.tags()
	}
	return &rawResponse{key: r.key, body: d.b}, d.err
}

// ask sends a raw request to any broker.
func (c *Client) ask(ctx context.Context, req *rawRequest) (*wireReader, error) {
	ctx, cancel := c.bound(ctx)
	defer cancel()
	res, err := c.transport.RoundTrip(ctx, c.addr, req)
	if err != nil {
		return nil, err
	}
	raw, ok := res.(*rawResponse)
	if !ok {
		return nil, fmt.Errorf("reading a %s response: unexpected type %T", req.key, res)
	}
	return &wireReader{b: raw.body}, nil
}

// wireReader reads Kafka's encoding; after an error it reads zeros.
type wireReader struct {
	b   []byte
	err error
}

var errShort = errors.New("a response of kafka ends too early")

func (d *wireReader) take(n uint64) []byte {
	if n > uint64(len(d.b)) {
		d.b, d.err = nil, errShort
		return make([]byte, min(n, 16))
	}
	out := d.b[:n]
	d.b = d.b[n:]
	return out
}

func (d *wireReader) int16() int16 { return int16(binary.BigEndian.Uint16(d.take(2))) } //nolint:gosec // two's complement

func (d *wireReader) uvarint() uint64 {
	v, n := binary.Uvarint(d.b)
	if n <= 0 {
		d.b, d.err = nil, errShort
		return 0
	}
	d.b = d.b[n:]
	return v
}

// length is that of a compact array or string, 0 for null.
func (d *wireReader) length() uint64 {
	if n := d.uvarint(); n > 0 {
		return n - 1
	}
	return 0
}

func (d *wireReader) string() string { return string(d.take(d.length())) }

// array calls f for every element.
func (d *wireReader) array(f func()) {
	for n := d.length(); n > 0 && d.err == nil; n-- {
		f()
	}
}

func (d *wireReader) tags() {
	for n := d.uvarint(); n > 0 && d.err == nil; n-- {
		d.uvarint()
		d.take(d.uvarint())
	}
}
