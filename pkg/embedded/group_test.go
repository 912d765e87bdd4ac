package embedded_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"rcu/pkg/testkit"
)

// Wherever in its way through a group a member is gone without a word, the group belongs to the living when its session and the wait for it are over.
// The embedded broker is held to it as Apache Kafka is.
func TestGroup_embeddedBroker(t *testing.T) {
	b := testkit.KafkaBroker(t, "topic")
	holdGroups(t, b.Addr(), time.Second)
}

func TestGroup_apacheKafka(t *testing.T) {
	testkit.Long(t)
	holdGroups(t, testkit.ApacheKafka(t), 6*time.Second) // it takes no shorter session
}

func holdGroups(t *testing.T, addr string, session time.Duration) {
	t.Helper()
	for name, gone := range map[string]func(c *club){
		"when it has heard that it needs an id":                              goneWithAnID,
		"when four wait in their first join":                                 goneInItsFirstJoin(2),
		"when four wait in their first join, with an id":                     goneInItsFirstJoin(5),
		"when three wait in their first join and the leader leaves":          goneInItsFirstJoinWithoutALeader,
		"when it waits in its first join, begun while the leader is to sync": goneInAJoinBetweenJoinAndSync,
		"when it waits in a join as a member":                                goneInALaterJoin,
		"again and again when it waits in its first join":                    goneAgainAndAgain,
		"when it has joined as the leader":                                   goneAsALeaderThatJoined,
		"when it has joined as the leader, and others wait for its sync":     goneAsALeaderThatOthersWaitFor,
		"when it has joined as a follower":                                   goneAsAFollowerThatJoined,
		"when it waits in a sync":                                            goneInASync,
		"when it has synced as the leader":                                   goneAsALeaderThatSynced,
		"when it has synced as a follower":                                   goneAsAFollowerThatSynced,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := &club{t: t, addr: addr, name: testkit.Name(t, "group"), session: session, rebalance: 2 * session, slack: 2 * time.Second}
			c.coordinated()
			gone(c)
		})
	}
}

// Who waits for others is alive: its session does not end meanwhile.
func TestGroup_embeddedBrokerKeepsWhoWaits(t *testing.T) {
	b := testkit.KafkaBroker(t, "topic")
	holdWaiting(t, b.Addr(), 1500*time.Millisecond)
}

func TestGroup_apacheKafkaKeepsWhoWaits(t *testing.T) {
	testkit.Long(t)
	holdWaiting(t, testkit.ApacheKafka(t), 6*time.Second)
}

func holdWaiting(t *testing.T, addr string, session time.Duration) {
	t.Helper()
	for name, waits := range map[string]func(c *club){"in a join": waitsInAJoin, "in a sync": waitsInASync} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := &club{t: t, addr: addr, name: testkit.Name(t, "group"), session: session, rebalance: 5 * session, slack: 2 * time.Second}
			c.coordinated()
			waits(c)
		})
	}
}

// worksFor gives signs of life, all of them answered like this.
func (m *member) worksFor(d time.Duration, err error) {
	m.club.t.Helper()
	for began := time.Now(); time.Since(began) < d; <-time.After(20 * time.Millisecond) {
		require.ErrorIs(m.club.t, m.beat(), err)
	}
}

func waitsInAJoin(c *club) {
	leader := c.leader()
	waiting := c.follower(leader)
	require.NoError(c.t, leader.sync())
	require.NoError(c.t, waiting.sync())
	third := c.newcomer()
	third.begin(leader)
	require.NoError(c.t, waiting.send(waiting.joinRequest()))
	leader.worksFor(2*c.session, kerr.RebalanceInProgress)
	id := waiting.id
	require.NoError(c.t, leader.join())
	third.begun()
	waiting.begun()
	require.Equal(c.t, id, waiting.id)
	require.Len(c.t, leader.others, 3)
}

func waitsInASync(c *club) {
	leader := c.leader()
	waiting := c.follower(leader)
	require.NoError(c.t, waiting.send(waiting.syncRequest()))
	leader.worksFor(2*c.session, nil)
	require.NoError(c.t, leader.sync())
	res, err := waiting.receive(waiting.syncRequest())
	require.NoError(c.t, err)
	require.Zero(c.t, res.(*kmsg.SyncGroupResponse).ErrorCode)
	require.NoError(c.t, waiting.beat())
}

// Who leaves while it waits for a sync is waited for no more.
func TestGroup_embeddedBrokerLetsGo(t *testing.T) {
	b := testkit.KafkaBroker(t, "topic")
	holdLeaving(t, b.Addr(), 3*time.Second)
}

func TestGroup_apacheKafkaLetsGo(t *testing.T) {
	testkit.Long(t)
	holdLeaving(t, testkit.ApacheKafka(t), 6*time.Second)
}

func holdLeaving(t *testing.T, addr string, session time.Duration) {
	t.Helper()
	c := &club{t: t, addr: addr, name: testkit.Name(t, "group"), session: session, rebalance: 10 * session, slack: 2 * time.Second}
	c.coordinated()
	leader := c.leader()
	leaving := c.follower(leader)
	require.NoError(t, leaving.send(leaving.syncRequest()))
	leader.works()
	left, other := make(chan error, 1), c.newcomer() // as if the connection that waits had been cut
	go func() { left <- other.leave(leaving.id) }()
	leader.works()
	if err := leader.sync(); err != nil {
		require.ErrorIs(t, err, kerr.RebalanceInProgress)
	}
	require.NoError(t, <-left)
	began := time.Now()
	c.settles(leader)
	require.Less(t, time.Since(began), session)
}

// leader is alone in its group, and works.
func (c *club) leader() *member {
	c.t.Helper()
	m := c.newcomer()
	require.NoError(c.t, m.join())
	require.NoError(c.t, m.sync())
	return m
}

// begin has a newcomer wait in its first join, for a member that works.
func (m *member) begin(working *member) {
	m.club.t.Helper()
	if m.version >= 4 {
		require.ErrorIs(m.club.t, m.join(), kerr.MemberIDRequired)
	}
	require.NoError(m.club.t, m.send(m.joinRequest()))
	working.called()
}

// begun reads the answer to a join that was begun.
func (m *member) begun() {
	m.club.t.Helper()
	res, err := m.receive(m.joinRequest())
	require.NoError(m.club.t, err)
	require.NoError(m.club.t, m.joined(res))
}

// follower has joined the group of a leader, and neither has synced.
func (c *club) follower(leader *member) *member {
	c.t.Helper()
	m := c.newcomer()
	m.begin(leader)
	require.NoError(c.t, leader.join())
	m.begun()
	require.Len(c.t, leader.others, 2)
	return m
}

func goneWithAnID(c *club) {
	gone := c.newcomer()
	gone.version = 5
	require.ErrorIs(c.t, gone.join(), kerr.MemberIDRequired)
	gone.cut()
	c.settles(c.newcomer(), c.newcomer())
}

func goneInItsFirstJoin(version int16) func(c *club) {
	return func(c *club) {
		leader := c.leader()
		for range 4 {
			gone := c.newcomer()
			gone.version = version
			gone.begin(leader)
			gone.cut()
		}
		leader.works()
		c.settles(leader)
	}
}

// Whom the broker makes the leader is its affair: one of four lives.
func goneInItsFirstJoinWithoutALeader(c *club) {
	leader, living := c.leader(), c.newcomer()
	for range 3 {
		gone := c.newcomer()
		gone.begin(leader)
		gone.cut()
	}
	living.begin(leader)
	leader.works()
	require.NoError(c.t, leader.leave(leader.id))
	living.begun()
	c.settles(living)
}

func goneInAJoinBetweenJoinAndSync(c *club) {
	leader := c.newcomer()
	require.NoError(c.t, leader.join())
	gone := c.newcomer()
	gone.begin(leader)
	gone.cut()
	leader.works()
	require.ErrorIs(c.t, leader.sync(), kerr.RebalanceInProgress)
	c.settles(leader)
}

func goneInALaterJoin(c *club) {
	leader := c.leader()
	gone := c.follower(leader)
	require.NoError(c.t, leader.sync())
	require.NoError(c.t, gone.sync())
	third := c.newcomer()
	third.begin(leader)
	require.NoError(c.t, gone.send(gone.joinRequest()))
	gone.cut()
	leader.works()
	require.NoError(c.t, leader.join())
	third.begun()
	c.settles(leader, third)
}

// goneAgainAndAgain is a program that is killed as it works, and whenever it was started again and joins.
func goneAgainAndAgain(c *club) {
	leader := c.leader()
	first := c.follower(leader)
	require.NoError(c.t, leader.sync())
	require.NoError(c.t, first.sync())
	first.cut()
	for range 4 {
		again := c.newcomer()
		again.begin(leader)
		again.cut()
	}
	leader.works()
	c.settles(leader, c.newcomer())
}

func goneAsALeaderThatJoined(c *club) {
	gone := c.newcomer()
	require.NoError(c.t, gone.join())
	gone.cut()
	c.settles(c.newcomer())
}

func goneAsALeaderThatOthersWaitFor(c *club) {
	gone := c.leader()
	living := c.follower(gone)
	require.NoError(c.t, living.send(living.syncRequest()))
	gone.cut()
	_, err := living.receive(living.syncRequest())
	require.NoError(c.t, err)
	c.settles(living)
}

func goneAsAFollowerThatJoined(c *club) {
	leader := c.leader()
	c.follower(leader).cut()
	leader.works()
	require.NoError(c.t, leader.sync())
	c.settles(leader)
}

func goneInASync(c *club) {
	leader := c.leader()
	gone := c.follower(leader)
	require.NoError(c.t, gone.send(gone.syncRequest()))
	leader.works()
	gone.cut()
	leader.works()
	require.NoError(c.t, leader.sync())
	c.settles(leader)
}

func goneAsALeaderThatSynced(c *club) {
	c.leader().cut()
	c.settles(c.newcomer())
}

func goneAsAFollowerThatSynced(c *club) {
	leader := c.leader()
	gone := c.follower(leader)
	require.NoError(c.t, leader.sync())
	require.NoError(c.t, gone.sync())
	gone.cut()
	c.settles(leader)
}
