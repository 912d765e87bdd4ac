package embedded

import (
	"encoding/binary"

	"github.com/twmb/franz-go/pkg/kbin"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// longestScan bounds a request that is looked into: others pass as if they were none.
const longestScan = 1 << 20

// requestScanner finds the JoinGroup, SyncGroup and LeaveGroup requests in what a client sends.
type requestScanner struct {
	head [12]byte // size, key, version and correlation id of the request that is read
	have int      // bytes of it
	rest uint32   // bytes that follow the head
	keep bool     // it is looked for
	body []byte   // what follows the head then
}

// scanned is a request and its correlation id.
type scanned struct {
	request kmsg.Request
	id      int32
}

// scan gives the requests that end in the next bytes.
func (s *requestScanner) scan(p []byte) []scanned {
	var found []scanned
	for len(p) > 0 {
		if s.have < len(s.head) {
			n := copy(s.head[s.have:], p)
			s.have, p = s.have+n, p[n:]
			if s.have < len(s.head) {
				break
			}
			const inSize = 8 // of the head: the size counts all but itself
			s.rest, s.body = max(binary.BigEndian.Uint32(s.head[:4]), inSize)-inSize, nil
			s.keep = s.wanted()
		}
		n := min(uint32(len(p)), s.rest) //nolint:gosec // G115: a buffer is small
		if s.keep {
			s.body = append(s.body, p[:n]...)
		}
		s.rest, p = s.rest-n, p[n:]
		if s.rest > 0 {
			break
		}
		if request := s.request(); request != nil {
			found = append(found, scanned{request, int32(binary.BigEndian.Uint32(s.head[8:]))}) //nolint:gosec // G115: the same bits
		}
		s.have, s.body = 0, nil
	}
	return found
}

// wanted says whether the request whose head was read is looked for.
func (s *requestScanner) wanted() bool {
	key := kmsg.Key(binary.BigEndian.Uint16(s.head[4:])) //nolint:gosec // G115: the same bits
	return (key == kmsg.JoinGroup || key == kmsg.SyncGroup || key == kmsg.LeaveGroup) && s.rest <= longestScan
}

// request reads the request whose last byte has come; nil for one that is not looked for, or that cannot be read.
func (s *requestScanner) request() kmsg.Request {
	if !s.keep {
		return nil
	}
	request := kmsg.RequestForKey(int16(binary.BigEndian.Uint16(s.head[4:]))) //nolint:gosec // G115: the same bits
	request.SetVersion(int16(binary.BigEndian.Uint16(s.head[6:])))            //nolint:gosec // G115: the same bits
	reader := kbin.Reader{Src: s.body}
	reader.NullableString() // the name of the client
	if request.IsFlexible() {
		kmsg.SkipTags(&reader)
	}
	if !reader.Ok() || request.ReadFrom(reader.Src) != nil {
		return nil
	}
	return request
}
