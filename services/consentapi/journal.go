package consentapi

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
	"slices"
	"sync"

	"google.golang.org/protobuf/proto"

	"rcu/pkg/wholefile"
	eventpb "rcu/schemas/event"
)

// errJournalFull says that the journal holds as much as it may.
var errJournalFull = errors.New("journal of denials is full")

// journal keeps denials on disk until they stand in Redis and on Kafka. A record is its length and CRC-32, then a kind and the content; a tail
// that was cut off by a crash is no record, and was never answered. With nothing left to wait for the file is emptied.
type journal struct {
	mu      sync.Mutex
	file    *os.File
	most    int64
	size    int64
	next    uint64
	waiting map[uint64]*waiting
	damaged bool // something was set aside when it was opened
}

// waiting are the denials of one request.
type waiting struct {
	decisions []*eventpb.Decision
	at        place
}

// place is where denials stand beside the journal, as far as this process knows.
type place struct {
	epoch   uint64 // of Redis, in which they were put in force
	inForce bool
	durable bool // Kafka has them
}

// standsIn reports whether denials are in force in an epoch of Redis. One that comes back behind another may have forgotten them.
func (p place) standsIn(epoch uint64) bool { return p.inForce && p.epoch == epoch }

const (
	recordDenials byte = 1
	recordDone    byte = 2
	recordHeader       = 8
	maxRecord          = 1 << 20
)

// openJournal opens the file and reads what still waits.
func openJournal(path string, most int64) (*journal, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600) //nolint:gosec // G304: the path is the operator's own setting
	if err != nil {
		return nil, fmt.Errorf("opening the journal of denials: %w", err)
	}
	j := &journal{file: f, most: most, waiting: map[uint64]*waiting{}}
	if err := errors.Join(j.read(), wholefile.Settle(filepath.Dir(path))); err != nil { // a new file, too, is there after a power cut
		return nil, errors.Join(fmt.Errorf("reading the journal of denials: %w", err), f.Close())
	}
	return j, nil
}

// read takes in whole records, and cuts off what follows the last of them. What is more than the beginning of a record is set aside first:
// nothing that may have been a denial is destroyed.
func (j *journal) read() error {
	in := bufio.NewReader(j.file)
	for {
		body, err := readRecord(in)
		if errors.Is(err, errTorn) {
			if err := j.setAside(); err != nil {
				return err
			}
			break
		}
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			break
		}
		if err != nil {
			return err
		}
		if err := j.take(body); err != nil {
			return err
		}
		j.size += int64(recordHeader + len(body))
	}
	if err := j.file.Truncate(j.size); err != nil {
		return fmt.Errorf("cutting off a torn record: %w", err)
	}
	_, err := j.file.Seek(j.size, io.SeekStart)
	return err //nolint:wrapcheck // names the file
}

var errTorn = errors.New("record is torn")

// setAside adds what follows the last whole record to a file beside the journal.
func (j *journal) setAside() error {
	if _, err := j.file.Seek(j.size, io.SeekStart); err != nil {
		return err //nolint:wrapcheck // names the file
	}
	out, err := os.OpenFile(j.file.Name()+".damaged", os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return fmt.Errorf("setting a damaged record aside: %w", err)
	}
	_, err = io.Copy(out, j.file)
	if err = errors.Join(err, out.Sync(), out.Close()); err != nil {
		return fmt.Errorf("setting a damaged record aside: %w", err)
	}
	j.damaged = true
	return nil
}

func readRecord(in io.Reader) ([]byte, error) {
	var head [recordHeader]byte
	if _, err := io.ReadFull(in, head[:]); err != nil {
		return nil, err //nolint:wrapcheck // the caller looks at it
	}
	n := binary.BigEndian.Uint32(head[:4])
	if n < 9 || n > maxRecord {
		return nil, errTorn
	}
	body := make([]byte, n)
	if _, err := io.ReadFull(in, body); err != nil {
		return nil, err //nolint:wrapcheck // the caller looks at it
	}
	if crc32.ChecksumIEEE(body) != binary.BigEndian.Uint32(head[4:]) {
		return nil, errTorn
	}
	return body, nil
}

// take applies one record.
func (j *journal) take(body []byte) error {
	number := binary.BigEndian.Uint64(body[1:9])
	j.next = max(j.next, number+1)
	switch body[0] {
	case recordDone:
		delete(j.waiting, number)
	case recordDenials:
		var ds []*eventpb.Decision
		for rest := body[9:]; len(rest) > 0; {
			n, k := binary.Uvarint(rest)
			if k <= 0 || n > uint64(len(rest)-k) { //nolint:gosec // k is at most the length
				return errors.New("a record of denials is damaged")
			}
			d := new(eventpb.Decision)
			if err := proto.Unmarshal(rest[k:k+int(n)], d); err != nil { //nolint:gosec // n is at most the length
				return fmt.Errorf("decoding a denial: %w", err)
			}
			ds, rest = append(ds, d), rest[k+int(n):] //nolint:gosec // n is at most the length
		}
		j.waiting[number] = &waiting{decisions: ds}
	default:
		return errors.New("a record is of a newer version")
	}
	return nil
}

// add keeps denials; they are on disk when it returns.
func (j *journal) add(ds []*eventpb.Decision) (uint64, error) {
	var body []byte
	for _, d := range ds {
		raw, err := proto.Marshal(d)
		if err != nil {
			return 0, fmt.Errorf("encoding a denial: %w", err)
		}
		body = append(binary.AppendUvarint(body, uint64(len(raw))), raw...)
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	number := j.next
	if err := j.write(recordDenials, number, body); err != nil {
		return 0, err
	}
	if err := j.file.Sync(); err != nil {
		return 0, fmt.Errorf("writing the journal of denials: %w", err)
	}
	j.next++
	j.waiting[number] = &waiting{decisions: ds}
	return number, nil
}

// done forgets denials that stand in Redis and on Kafka. A mark that a crash takes away makes them come once more, which changes nothing.
func (j *journal) done(number uint64) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if _, waits := j.waiting[number]; !waits {
		return nil
	}
	delete(j.waiting, number)
	if len(j.waiting) > 0 {
		return j.write(recordDone, number, nil)
	}
	if err := j.file.Truncate(0); err != nil {
		return fmt.Errorf("emptying the journal of denials: %w", err)
	}
	j.size = 0
	_, err := j.file.Seek(0, io.SeekStart)
	return err //nolint:wrapcheck // names the file
}

// write appends a record. What could not be written whole is cut off again.
func (j *journal) write(kind byte, number uint64, content []byte) error {
	body := append(binary.BigEndian.AppendUint64([]byte{kind}, number), content...)
	record := binary.BigEndian.AppendUint32(nil, uint32(len(body))) //nolint:gosec // checked against maxRecord
	record = append(binary.BigEndian.AppendUint32(record, crc32.ChecksumIEEE(body)), body...)
	if len(body) > maxRecord || kind == recordDenials && j.size+int64(len(record)) > j.most {
		return errJournalFull
	}
	if _, err := j.file.Write(record); err != nil {
		_, back := j.file.Seek(j.size, io.SeekStart)
		return errors.Join(fmt.Errorf("writing the journal of denials: %w", err), j.file.Truncate(j.size), back)
	}
	j.size += int64(len(record))
	return nil
}

// left lists what waits, oldest first.
func (j *journal) left() []uint64 {
	j.mu.Lock()
	defer j.mu.Unlock()
	out := make([]uint64, 0, len(j.waiting))
	for n := range j.waiting {
		out = append(out, n)
	}
	slices.Sort(out)
	return out
}

// get returns denials that wait, and where they stand; nil when they wait no more.
func (j *journal) get(number uint64) ([]*eventpb.Decision, place) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if w := j.waiting[number]; w != nil {
		return w.decisions, w.at
	}
	return nil, place{}
}

// note remembers where denials that wait stand, as long as this process runs.
func (j *journal) note(number uint64, at place) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if w := j.waiting[number]; w != nil {
		w.at = at
	}
}

func (j *journal) close() error { return j.file.Close() } //nolint:wrapcheck // names the file
