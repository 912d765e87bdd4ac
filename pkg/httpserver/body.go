package httpserver

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
)

// What is wrong with a body; callers map them to 413, 415 and 400.
var (
	ErrBodyTooLarge    = errors.New("body is too large")
	ErrBodyEncoding    = errors.New("content encoding is not supported")
	ErrBodyUnreadable  = errors.New("body is not readable")
	errNotDecompressed = errors.New("body is not gzip")
)

// Body is the content of a request in a pooled buffer. Nothing may keep Bytes after Release.
type Body struct{ buf *bytes.Buffer }

// Bytes is the (decompressed) content.
func (b Body) Bytes() []byte {
	if b.buf == nil {
		return nil
	}
	return b.buf.Bytes()
}

// Release gives the buffer back.
func (b Body) Release() {
	if b.buf != nil && b.buf.Cap() <= 4<<20 {
		b.buf.Reset()
		buffers.Put(b.buf)
	}
}

var (
	buffers = sync.Pool{New: func() any { return new(bytes.Buffer) }}
	gunzips = sync.Pool{New: func() any { return new(gzip.Reader) }}
	inputs  = sync.Pool{New: func() any { return bufio.NewReaderSize(nil, 16<<10) }}
)

// ReadBody reads a body, plain or gzip, of at most limit bytes on the wire and at most limit bytes decompressed.
// It reads no more than one byte past the limit, whatever the body claims to be.
func ReadBody(w http.ResponseWriter, r *http.Request, limit int64) (Body, error) {
	encoding := strings.ToLower(strings.TrimSpace(r.Header.Get("Content-Encoding")))
	if encoding != "" && encoding != "identity" && encoding != "gzip" {
		return Body{}, ErrBodyEncoding
	}
	if r.ContentLength > limit {
		drain(r)
		return Body{}, ErrBodyTooLarge
	}
	buf, _ := buffers.Get().(*bytes.Buffer)
	body := Body{buf: buf}
	wire := http.MaxBytesReader(w, r.Body, limit)
	var err error
	if encoding == "gzip" {
		err = readGzip(buf, wire, limit)
	} else {
		if r.ContentLength > 0 {
			buf.Grow(int(r.ContentLength) + bytes.MinRead)
		}
		_, err = buf.ReadFrom(wire)
	}
	if err != nil {
		body.Release()
		if err = bodyError(err); errors.Is(err, ErrBodyTooLarge) {
			drain(r)
		}
		return Body{}, err
	}
	return body, nil
}

// maxDrain is how much of a body that is too large is read and thrown away: a client that is still writing when the
// connection closes would see a broken connection instead of the answer.
const maxDrain = 16 << 20

func drain(r *http.Request) { _, _ = io.CopyN(io.Discard, r.Body, maxDrain) }

func readGzip(buf *bytes.Buffer, wire io.Reader, limit int64) error {
	in, _ := inputs.Get().(*bufio.Reader)
	in.Reset(wire)
	zr, _ := gunzips.Get().(*gzip.Reader)
	defer func() {
		in.Reset(nil)
		inputs.Put(in)
		gunzips.Put(zr)
	}()
	if err := zr.Reset(in); err != nil {
		return errors.Join(errNotDecompressed, err)
	}
	n, err := buf.ReadFrom(io.LimitReader(zr, limit+1))
	if err != nil {
		return errors.Join(errNotDecompressed, err)
	}
	if n > limit {
		return ErrBodyTooLarge
	}
	return nil
}

// bodyError hides the cause's text: it may name a remote address.
func bodyError(err error) error {
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge), errors.Is(err, ErrBodyTooLarge):
		return ErrBodyTooLarge
	case errors.Is(err, errNotDecompressed):
		return fmt.Errorf("decompressing: %w", ErrBodyUnreadable)
	default:
		return ErrBodyUnreadable
	}
}

// WriteBodyProblem answers an error of ReadBody.
func WriteBodyProblem(w http.ResponseWriter, r *http.Request, err error, limit int64) {
	switch {
	case errors.Is(err, ErrBodyTooLarge):
		w.Header().Set("Connection", "close")
		WriteProblem(w, r, http.StatusRequestEntityTooLarge, Problem{
			Reason: "body_too_large",
			Fix:    fmt.Sprintf("send at most %d bytes a request, counted after decompression", limit),
		})
	case errors.Is(err, ErrBodyEncoding):
		WriteProblem(w, r, http.StatusUnsupportedMediaType, Problem{Reason: "unsupported_encoding", Field: "Content-Encoding", Fix: "send the body plain or with Content-Encoding: gzip"})
	default:
		WriteProblem(w, r, http.StatusBadRequest, Problem{Reason: "unreadable_body", Fix: "send the whole body, and gzip only with Content-Encoding: gzip"})
	}
}
