package embedded_test

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// club is a consumer group that tests speak with by hand, in the versions of kafka-go.
type club struct {
	t                  *testing.T
	addr, name         string
	session, rebalance time.Duration
	slack              time.Duration // of a busy machine
}

// patience is for how long a group may wait for those who are gone.
func (c *club) patience() time.Duration { return c.session + c.rebalance + c.slack }

// member is one of a club, over a connection of its own.
type member struct {
	club       *club
	mu         sync.Mutex // of conn, which others cut
	conn       net.Conn
	asked      int32
	version    int16 // of JoinGroup
	id         string
	generation int32
	others     []string // the members of the generation; of the leader alone

	alive atomic.Pointer[string] // under which id it was last a member that works
}

func (c *club) newcomer() *member {
	c.t.Helper()
	m := &member{club: c, version: 2}
	require.NoError(c.t, m.connect())
	c.t.Cleanup(m.cut)
	return m
}

func (m *member) connect() error {
	conn, err := new(net.Dialer).DialContext(m.club.t.Context(), "tcp", m.club.addr)
	m.mu.Lock()
	defer m.mu.Unlock()
	m.conn = conn
	return err
}

// coordinated waits until the broker answers for the group: a fresh one first makes a topic for it.
func (c *club) coordinated() {
	c.t.Helper()
	m := c.newcomer()
	defer m.cut()
	require.EventuallyWithT(c.t, func(t *assert.CollectT) {
		find := kmsg.NewPtrFindCoordinatorRequest()
		find.CoordinatorKey = c.name
		answer, err := m.ask(find)
		require.NoError(t, err)
		require.Zero(t, answer.(*kmsg.FindCoordinatorResponse).ErrorCode)
		m.describe(t)
	}, time.Minute, 50*time.Millisecond)
}

// cut ends the connection, and says nothing.
func (m *member) cut() {
	m.mu.Lock()
	defer m.mu.Unlock()
	_ = m.conn.Close()
}

func (m *member) send(req kmsg.Request) error {
	m.asked++
	_, err := m.conn.Write(kmsg.NewRequestFormatter().AppendRequest(nil, req, m.asked))
	return err
}

// receive reads the answer to the last request.
func (m *member) receive(req kmsg.Request) (kmsg.Response, error) {
	_ = m.conn.SetReadDeadline(time.Now().Add(m.club.patience()))
	size := make([]byte, 4)
	if _, err := io.ReadFull(m.conn, size); err != nil {
		return nil, err
	}
	body := make([]byte, binary.BigEndian.Uint32(size))
	if _, err := io.ReadFull(m.conn, body); err != nil {
		return nil, err
	}
	res := req.ResponseKind()
	body = body[4:]
	if req.IsFlexible() {
		body = body[1:]
	}
	return res, res.ReadFrom(body)
}

func (m *member) ask(req kmsg.Request) (kmsg.Response, error) {
	if err := m.send(req); err != nil {
		return nil, err
	}
	return m.receive(req)
}

func (m *member) joinRequest() *kmsg.JoinGroupRequest {
	req := kmsg.NewPtrJoinGroupRequest()
	req.Version, req.Group, req.MemberID, req.ProtocolType = m.version, m.club.name, m.id, "consumer"
	req.SessionTimeoutMillis, req.RebalanceTimeoutMillis = int32(m.club.session.Milliseconds()), int32(m.club.rebalance.Milliseconds())
	protocol := kmsg.NewJoinGroupRequestProtocol()
	topics := kmsg.NewConsumerMemberMetadata()
	protocol.Name, protocol.Metadata = "plain", topics.AppendTo(nil)
	req.Protocols = append(req.Protocols, protocol)
	return req
}

func (m *member) joined(answer kmsg.Response) error {
	res, _ := answer.(*kmsg.JoinGroupResponse)
	m.id, m.generation, m.others = res.MemberID, res.Generation, nil
	for _, other := range res.Members {
		m.others = append(m.others, other.MemberID)
	}
	return kerr.ErrorForCode(res.ErrorCode)
}

func (m *member) join() error {
	res, err := m.ask(m.joinRequest())
	if err != nil {
		return err
	}
	return m.joined(res)
}

func (m *member) syncRequest() *kmsg.SyncGroupRequest {
	req := kmsg.NewPtrSyncGroupRequest()
	req.Group, req.MemberID, req.Generation = m.club.name, m.id, m.generation
	for _, other := range m.others {
		assignment := kmsg.NewSyncGroupRequestGroupAssignment()
		partitions := kmsg.NewConsumerMemberAssignment()
		assignment.MemberID, assignment.MemberAssignment = other, partitions.AppendTo(nil)
		req.GroupAssignment = append(req.GroupAssignment, assignment)
	}
	return req
}

func (m *member) sync() error {
	res, err := m.ask(m.syncRequest())
	if err != nil {
		return err
	}
	return kerr.ErrorForCode(res.(*kmsg.SyncGroupResponse).ErrorCode)
}

func (m *member) beat() error {
	req := kmsg.NewPtrHeartbeatRequest()
	req.Group, req.MemberID, req.Generation = m.club.name, m.id, m.generation
	res, err := m.ask(req)
	if err != nil {
		return err
	}
	return kerr.ErrorForCode(res.(*kmsg.HeartbeatResponse).ErrorCode)
}

// leave has a member leave, this one or another.
func (m *member) leave(id string) error {
	req := kmsg.NewPtrLeaveGroupRequest()
	req.Group, req.MemberID = m.club.name, id
	res, err := m.ask(req)
	if err != nil {
		return err
	}
	return kerr.ErrorForCode(res.(*kmsg.LeaveGroupResponse).ErrorCode)
}

// called gives signs of life until the group begins once more: somebody waits in a join for this member.
func (m *member) called() {
	m.club.t.Helper()
	for range time.Tick(10 * time.Millisecond) {
		if err := m.beat(); err != nil {
			require.ErrorIs(m.club.t, err, kerr.RebalanceInProgress)
			return
		}
	}
}

// works gives signs of life for a while, in which the broker learns whatever it learns of others.
func (m *member) works() {
	for range 10 {
		_ = m.beat()
		<-time.After(20 * time.Millisecond)
	}
}

// live has the member work until ctx ends, as a consumer does.
func (m *member) live(ctx context.Context) {
	pace := time.NewTicker(50 * time.Millisecond)
	defer pace.Stop()
	for belongs := false; ctx.Err() == nil; <-pace.C {
		var err error
		if belongs {
			err = m.beat()
		} else if err = m.join(); err == nil {
			err = m.sync()
		}
		var refused *kerr.Error
		switch belongs = err == nil; {
		case belongs:
			id := m.id
			m.alive.Store(&id)
		case ctx.Err() != nil:
		case errors.Is(err, io.EOF): // the broker forgot it, on a busy machine
			m.id = ""
			if err := m.connect(); err != nil {
				m.club.t.Errorf("a living member: %v", err)
				return
			}
		case !errors.As(err, &refused):
			m.club.t.Errorf("a living member: %v", err)
			return
		case refused == kerr.UnknownMemberID:
			m.id = ""
		}
	}
}

// settles waits until the group belongs to the living, and to nobody else.
func (c *club) settles(living ...*member) {
	c.t.Helper()
	ctx, stop := context.WithCancel(c.t.Context())
	var all sync.WaitGroup
	for _, m := range living {
		all.Go(func() { m.live(ctx) })
	}
	defer all.Wait()
	defer func() {
		stop()
		for _, m := range living {
			m.cut()
		}
	}()
	witness := c.newcomer()
	began := time.Now()
	require.EventuallyWithT(c.t, func(t *assert.CollectT) {
		var ids []string
		for _, m := range living {
			if id := m.alive.Load(); id != nil {
				ids = append(ids, *id)
			}
		}
		state, members := witness.describe(t)
		assert.ElementsMatch(t, ids, members)
		assert.Len(t, members, len(living))
		assert.Equal(t, "Stable", state)
	}, c.patience(), 20*time.Millisecond)
	c.t.Logf("the group belongs to the living after %v", time.Since(began).Round(time.Millisecond))
}

// describe gives the state of the group, and its members.
func (m *member) describe(t require.TestingT) (string, []string) {
	req := kmsg.NewPtrDescribeGroupsRequest()
	req.Groups = []string{m.club.name}
	answer, err := m.ask(req)
	require.NoError(t, err)
	res, _ := answer.(*kmsg.DescribeGroupsResponse)
	require.Len(t, res.Groups, 1)
	require.Zero(t, res.Groups[0].ErrorCode)
	var ids []string
	for _, one := range res.Groups[0].Members {
		ids = append(ids, one.MemberID)
	}
	return res.Groups[0].State, ids
}
