package warehouse

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/ClickHouse/ch-go/proto"
	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/google/uuid"
)

// Block is rows of one table, held as columns that keep their memory. A block is filled and inserted by one goroutine at a time.
type Block interface {
	// Table is the table that the rows go to.
	Table() string
	// Rows is the number of rows appended since the last Reset.
	Rows() int
	// Reset drops the rows and keeps the memory.
	Reset()

	core() *block
}

// block is what every table's block shares.
type block struct {
	table   string
	input   proto.Input
	rows    int
	encoded bool
	buf     proto.Buffer
}

// Table is the table that the rows go to.
func (b *block) Table() string { return b.table }

// Rows is the number of rows appended since the last Reset.
func (b *block) Rows() int { return b.rows }

// Reset drops the rows and keeps the memory.
func (b *block) Reset() {
	b.input.Reset()
	b.rows, b.encoded = 0, false
}

func (b *block) core() *block { return b }

// encode gives the rows in the Native format. The bytes are kept, so that an insert tried again is the same to the byte.
func (b *block) encode() ([]byte, error) {
	if b.encoded {
		return b.buf.Buf, nil
	}
	b.buf.Reset()
	native := proto.Block{Rows: b.rows, Columns: len(b.input)}
	if err := native.EncodeRawBlock(&b.buf, 0, b.input); err != nil {
		return nil, fmt.Errorf("encoding rows of %s: %w", b.table, err)
	}
	b.encoded = true
	return b.buf.Buf, nil
}

func (b *block) statement() string {
	var s strings.Builder
	s.WriteString("INSERT INTO " + b.table + " (")
	for i, c := range b.input {
		if i > 0 {
			s.WriteString(", ")
		}
		s.WriteString("`" + c.Name + "`")
	}
	s.WriteByte(')')
	return s.String()
}

// Insert writes the rows of a block as one insert and returns when they can be read. A second insert with the same token adds
// nothing. After an error the rows may or may not be there: insert the same block again, with the same token.
func (w *Warehouse) Insert(ctx context.Context, b Block, token string) error {
	c := b.core()
	if c.rows == 0 {
		return nil
	}
	data, err := c.encode()
	if err != nil {
		return err
	}
	if err := w.insertNative(ctx, c.statement(), data, token); err != nil {
		return fmt.Errorf("inserting %d rows into %s: %w", c.rows, c.table, err)
	}
	return nil
}

// insertNative is the only user of the client's experimental InsertFormat.
func (w *Warehouse) insertNative(ctx context.Context, statement string, data []byte, token string) error {
	ctx = clickhouse.Context(ctx, clickhouse.WithSettings(clickhouse.Settings{
		"insert_deduplication_token": token, "insert_deduplicate": 1, "async_insert": 0,
		"optimize_on_insert": 0, //nolint:misspell // merges replace rows, and readers say FINAL: no insert needs to look for equal keys
	}))
	return redact(w.conn.InsertFormat(ctx, "Native", statement, bytes.NewReader(data)))
}

func column[C proto.Column](b *block, name string, c C) C {
	b.input = append(b.input, proto.InputColumn{Name: name, Data: c})
	return c
}

type (
	lowCol     = *proto.ColLowCardinality[string]
	timeCol    = *proto.ColDateTime64
	stringsCol = *proto.ColArr[string]
	intsCol    = *proto.ColArr[int64]
	timesCol   = *proto.ColArr[proto.DateTime64]
)

func (b *block) text(name string) *proto.ColStr    { return column(b, name, new(proto.ColStr)) }
func (b *block) low(name string) lowCol            { return column(b, name, new(proto.ColStr).LowCardinality()) }
func (b *block) int64(name string) *proto.ColInt64 { return column(b, name, new(proto.ColInt64)) }
func (b *block) uint64(name string) *proto.ColUInt64 {
	return column(b, name, new(proto.ColUInt64))
}

func (b *block) uint32(name string) *proto.ColUInt32 {
	return column(b, name, new(proto.ColUInt32))
}
func (b *block) uint8(name string) *proto.ColUInt8 { return column(b, name, new(proto.ColUInt8)) }
func (b *block) uuid(name string) *proto.ColUUID   { return column(b, name, new(proto.ColUUID)) }
func (b *block) date(name string) *proto.ColDate   { return column(b, name, new(proto.ColDate)) }
func (b *block) time(name string) timeCol          { return column(b, name, micros()) }
func (b *block) lows(name string) stringsCol {
	return column(b, name, new(proto.ColStr).LowCardinality().Array())
}
func (b *block) texts(name string) stringsCol { return column(b, name, new(proto.ColStr).Array()) }
func (b *block) ints(name string) intsCol     { return column(b, name, new(proto.ColInt64).Array()) }
func (b *block) times(name string) timesCol {
	return column(b, name, proto.NewArray[proto.DateTime64](micros().Raw()))
}

func micros() timeCol {
	return new(proto.ColDateTime64).WithPrecision(proto.PrecisionMicro).WithLocation(time.UTC)
}

// earliest and latest are the instants that the columns can hold, in microseconds.
var (
	earliest = time.Date(1900, 1, 1, 0, 0, 0, 0, time.UTC).UnixMicro()
	latest   = time.Date(2299, 12, 31, 0, 0, 0, 0, time.UTC).UnixMicro()
)

func instant(us int64) proto.DateTime64 { return proto.DateTime64(min(max(us, earliest), latest)) }

func bit(v bool) uint8 {
	if v {
		return 1
	}
	return 0
}

func keyUUID(key [16]byte) uuid.UUID { return uuid.UUID(key) }
