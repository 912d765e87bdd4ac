package embedded

import (
	"encoding/binary"
	"io"
	"net"
	"sync"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// keeper gives the broker signs of life for members that wait, over a connection inside the process. A broker that asks for users closes it at the
// first, and has no keeper.
type keeper struct {
	mu          sync.Mutex
	conn        net.Conn // nil until introduced
	asked       int32
	generations map[string]int32 // of the groups that have had one; the broker keeps as many groups

	waitingMu sync.Mutex
	syncs     map[string]*waiting // by member; as many as connections that wait
}

func newKeeper() *keeper {
	return &keeper{generations: map[string]int32{}, syncs: map[string]*waiting{}}
}

// waits notes a member that waits for a sync.
func (k *keeper) waits(w *waiting) {
	if req, ok := w.request.(*kmsg.SyncGroupRequest); ok {
		k.waitingMu.Lock()
		defer k.waitingMu.Unlock()
		k.syncs[req.MemberID] = w
	}
}

// answered forgets it.
func (k *keeper) answered(w *waiting) {
	if req, ok := w.request.(*kmsg.SyncGroupRequest); ok {
		k.waitingMu.Lock()
		defer k.waitingMu.Unlock()
		if k.syncs[req.MemberID] == w {
			delete(k.syncs, req.MemberID)
		}
	}
}

// synced is closed when a member does not wait for a sync.
func (k *keeper) synced(member string) <-chan struct{} {
	k.waitingMu.Lock()
	defer k.waitingMu.Unlock()
	if w := k.syncs[member]; w != nil {
		return w.answered
	}
	none := make(chan struct{})
	close(none)
	return none
}

// introduce gives the broker's end of the keeper's connection, once.
func (k *keeper) introduce() net.Conn {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.conn != nil {
		return nil
	}
	conn, end := net.Pipe()
	k.conn = conn
	return end
}

// learn takes the generation of a group from the answer to a JoinGroup.
func (k *keeper) learn(request kmsg.Request, answer []byte) {
	req, ok := request.(*kmsg.JoinGroupRequest)
	if !ok {
		return
	}
	res := kmsg.NewPtrJoinGroupResponse()
	res.Version = req.Version
	if res.IsFlexible() && len(answer) > 0 {
		answer = answer[1:] // no tags
	}
	if res.ReadFrom(answer) != nil || res.ErrorCode != 0 {
		return
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.generations[req.Group] = res.Generation
}

// keep gives a sign of life for the member that waits for an answer to a request. It is false when the broker does not know the member.
func (k *keeper) keep(request kmsg.Request) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	beat := kmsg.NewPtrHeartbeatRequest()
	switch req := request.(type) {
	case *kmsg.JoinGroupRequest: // it begins the generation behind the one that is
		beat.Group, beat.MemberID, beat.Generation = req.Group, req.MemberID, k.generations[req.Group]
	case *kmsg.SyncGroupRequest:
		beat.Group, beat.MemberID, beat.Generation = req.Group, req.MemberID, req.Generation
	}
	if beat.MemberID == "" { // it has no session before its join is answered
		return true
	}
	code, err := k.ask(beat)
	return err != nil || code != kerr.UnknownMemberID.Code
}

// ask sends one sign of life and reads the answer: the broker answers as long as it lives, and closes the connection then.
func (k *keeper) ask(beat *kmsg.HeartbeatRequest) (code int16, err error) {
	k.asked++
	if _, err := k.conn.Write(kmsg.NewRequestFormatter().AppendRequest(nil, beat, k.asked)); err != nil {
		return 0, err
	}
	head := make([]byte, 8) // size and correlation id
	if _, err := io.ReadFull(k.conn, head); err != nil {
		return 0, err
	}
	body := make([]byte, min(binary.BigEndian.Uint32(head), 1<<10)-4)
	if _, err := io.ReadFull(k.conn, body); err != nil {
		return 0, err
	}
	res := kmsg.NewPtrHeartbeatResponse()
	err = res.ReadFrom(body)
	return res.ErrorCode, err
}
