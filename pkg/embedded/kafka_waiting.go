package embedded

import (
	"encoding/binary"
	"io"
	"net"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kmsg"
)

const (
	// longestWait is for how long a connection that waits is kept from the broker at most: as long as Apache Kafka keeps a member that waits in its
	// first join.
	longestWait = 5 * time.Minute
	// keepEvery is the time between two signs of life for a member that waits; the broker takes sessions of 100 ms.
	keepEvery = 30 * time.Millisecond
)

// groupListener lets members of consumer groups wait for the answers to JoinGroup and SyncGroup as they wait at Apache Kafka.
//
//   - Nothing is read of a connection that waits, not even its end. The broker begins the session of a new member when the answer to its JoinGroup
//     is taken: of a member whose connection had ended nobody took it, so that it kept its partitions for ever.
//   - Who waits is alive. The session of a member goes on while it waits, and the broker forgets one whose session ends, and never answers it.
//   - Who waits for a sync leaves behind the answer. The broker takes one that leaves before for one that had joined, and then waits for a member more than it has.
type groupListener struct {
	net.Listener
	keeper *keeper
}

// Accept waits for the next connection; the first is the keeper's own.
func (l groupListener) Accept() (net.Conn, error) {
	if conn := l.keeper.introduce(); conn != nil {
		return conn, nil
	}
	conn, err := l.Listener.Accept()
	if err != nil {
		return nil, err //nolint:wrapcheck // the broker's own listener, but for the connection
	}
	return &groupConn{Conn: conn, keeper: l.keeper, closed: make(chan struct{})}, nil
}

// groupConn is a connection of which nothing is read while the answer to a JoinGroup or SyncGroup is owed.
type groupConn struct {
	net.Conn
	keeper *keeper
	read   requestScanner // of the one goroutine that reads

	mu   sync.Mutex
	owed *waiting // nil: no answer

	closing sync.Once
	closed  chan struct{}
}

// waiting is a request whose answer is owed.
type waiting struct {
	scanned
	answered chan struct{}
}

// Read reads when no answer is owed.
func (c *groupConn) Read(p []byte) (int, error) {
	if !c.awaitAnswer() {
		return 0, io.EOF
	}
	n, err := c.Conn.Read(p)
	for _, found := range c.read.scan(p[:n]) {
		if leave, ok := found.request.(*kmsg.LeaveGroupRequest); ok {
			c.awaitSyncs(leave)
			continue
		}
		c.mu.Lock()
		c.owed = &waiting{found, make(chan struct{})}
		c.keeper.waits(c.owed)
		c.mu.Unlock()
	}
	return n, err //nolint:wrapcheck // as the connection has it
}

// awaitSyncs waits until nobody who is about to leave waits for a sync.
func (c *groupConn) awaitSyncs(leave *kmsg.LeaveGroupRequest) {
	end := time.NewTimer(longestWait)
	defer end.Stop()
	members := []string{leave.MemberID}
	for _, m := range leave.Members {
		members = append(members, m.MemberID)
	}
	for _, id := range members {
		select {
		case <-c.keeper.synced(id):
		case <-c.closed:
		case <-end.C:
			return
		}
	}
}

// awaitAnswer keeps the member that waits; false: the broker does not know it any more, and will not answer.
func (c *groupConn) awaitAnswer() bool {
	c.mu.Lock()
	w := c.owed
	c.mu.Unlock()
	if w == nil {
		return true
	}
	end, pace := time.NewTimer(longestWait), time.NewTicker(keepEvery)
	defer end.Stop()
	defer pace.Stop()
	for {
		select {
		case <-w.answered:
			return true
		case <-c.closed:
			return true
		case <-end.C:
			c.settle(w)
			return true
		case <-pace.C:
			if c.keeper.keep(w.request) {
				continue
			}
			select {
			case <-w.answered:
				return true
			default:
				return false
			}
		}
	}
}

// Write writes one answer, as the broker does.
func (c *groupConn) Write(p []byte) (int, error) {
	c.mu.Lock()
	w := c.owed
	c.mu.Unlock()
	const head = 8                                                                      // size and correlation id
	owed := w != nil && len(p) >= head && int32(binary.BigEndian.Uint32(p[4:])) == w.id //nolint:gosec // G115: the same bits
	if owed {
		c.keeper.learn(w.request, p[head:])
	}
	n, err := c.Conn.Write(p)
	if owed {
		c.settle(w)
	}
	return n, err //nolint:wrapcheck // as the connection has it
}

// settle has an answer owed no more.
func (c *groupConn) settle(w *waiting) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if w != nil && c.owed == w {
		c.owed = nil
		c.keeper.answered(w)
		close(w.answered)
	}
}

// Close closes the connection, whatever is owed.
func (c *groupConn) Close() error {
	c.closing.Do(func() { close(c.closed) })
	c.mu.Lock()
	w := c.owed
	c.mu.Unlock()
	c.settle(w)
	return c.Conn.Close() //nolint:wrapcheck // as the connection has it
}
