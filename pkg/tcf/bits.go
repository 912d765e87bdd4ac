package tcf

import (
	"encoding/base64"
	"errors"
	"fmt"
	"time"
)

// Why a string cannot be read.
var (
	// ErrEncoding says that the text is not Base64 in the form that consent strings have.
	ErrEncoding = errors.New("not base64url without padding")
	// ErrTruncated says that the bits end before the fields do.
	ErrTruncated = errors.New("bits end too early")
	// ErrTrailing says that more follows the last field than the padding of an encoder.
	ErrTrailing = errors.New("bits follow the last field")
	// ErrContent says that a field holds what it may not.
	ErrContent = errors.New("field is out of range")
)

// strict refuses padding and bits that no byte holds.
var strict = base64.RawURLEncoding.Strict()

// bits reads fields of any width. After the first fault it reads zeros.
type bits struct {
	b    []byte
	at   int // the next bit
	err  error
	what string // the field being read, for the error
}

// readBits decodes the text of one segment.
func readBits(segment string) (*bits, error) {
	for i := range len(segment) { // the decoder would skip line ends
		if segment[i] == '\n' || segment[i] == '\r' {
			return nil, ErrEncoding
		}
	}
	b, err := strict.DecodeString(segment)
	if err != nil {
		return nil, ErrEncoding // its own text repeats the place alone, which a cut string makes meaningless
	}
	return &bits{b: b}, nil
}

func (r *bits) fail(err error) {
	if r.err == nil {
		r.err = fmt.Errorf("reading %s: %w", r.what, err)
	}
}

// uint reads a number of at most 36 bits.
func (r *bits) uint(what string, width int) int {
	if r.what = what; r.err != nil {
		return 0
	}
	if r.at+width > len(r.b)*8 {
		r.fail(ErrTruncated)
		return 0
	}
	v := 0
	for i := r.at; i < r.at+width; i++ {
		v = v<<1 | int(r.b[i/8]>>(7-i%8)&1)
	}
	r.at += width
	return v
}

// bool reads one bit.
func (r *bits) bool(what string) bool { return r.uint(what, 1) == 1 }

// deciseconds reads a time.
func (r *bits) deciseconds(what string) time.Time {
	return time.UnixMilli(int64(r.uint(what, 36)) * 100).UTC()
}

// letters reads two letters, each of 6 bits from A.
func (r *bits) letters(what string) string {
	a, b := r.uint(what, 6), r.uint(what, 6)
	if a > 25 || b > 25 {
		r.fail(ErrContent)
		return ""
	}
	return string([]byte{'A' + byte(a), 'A' + byte(b)}) //nolint:gosec // below 26
}

// ids reads a field of width bits; the first stands for id 1.
func (r *bits) ids(what string, width int) Set {
	var s Set
	for id := 1; id <= width; id++ {
		if r.bool(what) {
			s = s.with(id, id)
		}
	}
	return s
}

// end checks that nothing but the zeros of padding follows: up to a byte, or up to the next four characters.
func (r *bits) end() error {
	if r.err != nil {
		return r.err
	}
	left := len(r.b)*8 - r.at
	if left > 23 {
		return fmt.Errorf("reading the end: %w", ErrTrailing)
	}
	if r.uint("padding", left) != 0 {
		return fmt.Errorf("reading the padding: %w", ErrTrailing)
	}
	return nil
}
