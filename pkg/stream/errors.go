package stream

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"syscall"

	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol"
)

var (
	// ErrOverloaded says that the producer's queue has no room now. Nothing of
	// the call was queued.
	ErrOverloaded = errors.New("stream is overloaded")
	// ErrTooLarge says that a record, or a call as a whole, can never fit.
	ErrTooLarge = errors.New("record is too large")
	// ErrClosed says that the producer or client was closed.
	ErrClosed = errors.New("stream is closed")
	// ErrNoLogID says that rcu.meta holds no log id yet.
	ErrNoLogID = errors.New("the cluster has no log id yet")
)

// PublishError names the records of one Publish that were not acknowledged.
// Every other record of the call was. A record named here may still have been
// written: the outcome of a broken connection cannot be known.
type PublishError struct {
	// Errs holds an error per index into the records of the call.
	Errs map[int]error
	// Total is the number of records of the call.
	Total int
}

// Error says how many records failed and why the first one did.
func (e *PublishError) Error() string {
	first := e.Total
	for i := range e.Errs {
		first = min(first, i)
	}
	return fmt.Sprintf("publishing: %d of %d records not acknowledged: %v", len(e.Errs), e.Total, e.Errs[first])
}

// Unwrap gives the errors of the records.
func (e *PublishError) Unwrap() []error {
	out := make([]error, 0, len(e.Errs))
	for _, err := range e.Errs {
		out = append(out, err)
	}
	return out
}

// InvalidError is a handler's word that records can never be handled: they go
// to the dead letter, and the rest of the batch counts as handled.
type InvalidError struct {
	// Reason is a stable code, for headers and metrics.
	Reason string
	// Offsets of the records concerned; none means the whole batch.
	Offsets []int64
	// Err is the cause; it never holds a personal value.
	Err error
}

// Error gives the reason and the cause.
func (e *InvalidError) Error() string {
	if e.Err == nil {
		return "invalid record: " + e.Reason
	}
	return fmt.Sprintf("invalid record: %s: %v", e.Reason, e.Err)
}

// Unwrap gives the cause.
func (e *InvalidError) Unwrap() error { return e.Err }

// Invalid builds an InvalidError for the records at the given offsets of the
// batch, or for the whole batch when none is given.
func Invalid(reason string, err error, offsets ...int64) error {
	return &InvalidError{Reason: reason, Offsets: offsets, Err: err}
}

// Rewind is returned by a handler to read its partition again from Offset. The
// batch it was given counts as not handled, and the committed offset goes back.
type Rewind struct {
	// Offset is the next one to read; not above the batch's first offset.
	Offset int64
}

// Error says where the handler wants to go.
func (r *Rewind) Error() string { return fmt.Sprintf("rewinding to offset %d", r.Offset) }

// OffsetError says that a position lies outside the log of its partition.
type OffsetError struct {
	// Topic and Partition concerned.
	Topic string
	// Partition of the topic.
	Partition int
	// Offset that was asked for.
	Offset int64
	// Start and End of the log: the first offset held and the next to be written.
	Start, End int64
}

// Truncated says that records between Offset and Start were deleted before
// they were read.
func (e *OffsetError) Truncated() bool { return e.Offset < e.Start }

// Error names the gap and what it means.
func (e *OffsetError) Error() string {
	if e.Truncated() {
		return fmt.Sprintf("offset %d of %s/%d is below the log start %d: %d records were deleted before they were read",
			e.Offset, e.Topic, e.Partition, e.Start, e.Start-e.Offset)
	}
	return fmt.Sprintf("offset %d of %s/%d is beyond the log end %d: the topic was deleted and created again, or the broker lost records",
		e.Offset, e.Topic, e.Partition, e.End)
}

// temporary says whether the same request may succeed later.
func temporary(err error) bool {
	var kerr kafka.Error
	if errors.As(err, &kerr) {
		return kerr.Temporary() || kerr.Timeout() || kerr == kafka.BrokerNotAvailable
	}
	var perr protocol.Error
	var terr *protocol.TopicError
	var nerr net.Error
	return errors.As(err, &perr) || errors.As(err, &terr) || errors.As(err, &nerr) ||
		errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.ErrClosedPipe) ||
		errors.Is(err, net.ErrClosed) || errors.Is(err, syscall.ECONNREFUSED) || errors.Is(err, syscall.ECONNRESET) ||
		errors.Is(err, syscall.EPIPE) || errors.Is(err, context.DeadlineExceeded)
}
