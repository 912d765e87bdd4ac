package embedded

import (
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kmsg"
	"pgregory.net/rapid"
)

// However what a client sends is cut into reads, the requests that are looked for are found, and no others.
func TestRequestScanner(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		format := kmsg.NewRequestFormatter(kmsg.FormatterClientID("client"))
		var sent []byte
		var want []scanned
		for id := range rapid.Int32Range(1, 6).Draw(t, "requests") {
			request := drawRequest(t)
			sent = append(sent, format.AppendRequest(nil, request, id)...)
			switch r := request.(type) {
			case *kmsg.JoinGroupRequest:
				want = append(want, scanned{request, id})
			case *kmsg.LeaveGroupRequest:
				want = append(want, scanned{request, id})
			case *kmsg.SyncGroupRequest:
				if len(r.GroupAssignment) == 0 || len(r.GroupAssignment[0].MemberAssignment) < longestScan {
					want = append(want, scanned{request, id})
				}
			}
		}
		var s requestScanner
		var found []scanned
		reads := rapid.SliceOfN(rapid.SampledFrom([]int{1, 3, 4, 12, 40, longestScan / 2}), 1, 8).Draw(t, "reads")
		for i := 0; len(sent) > 0; i++ {
			n := min(len(sent), reads[i%len(reads)])
			found = append(found, s.scan(sent[:n])...)
			sent = sent[n:]
		}
		require.Equal(t, want, found)
	})
}

func drawRequest(t *rapid.T) kmsg.Request {
	switch rapid.IntRange(0, 5).Draw(t, "kind") {
	case 0:
		r := kmsg.NewPtrJoinGroupRequest()
		r.Version = rapid.Int16Range(2, 9).Draw(t, "version")
		r.Group, r.MemberID, r.ProtocolType = "group", rapid.StringN(0, 20, 40).Draw(t, "member"), "consumer"
		r.RebalanceTimeoutMillis = 1000
		return r
	case 1:
		r := kmsg.NewPtrSyncGroupRequest()
		r.Group, r.MemberID, r.Generation = "group", "member", rapid.Int32().Draw(t, "generation")
		return r
	case 2: // too long to be looked into
		r := kmsg.NewPtrSyncGroupRequest()
		r.Group = "group"
		r.GroupAssignment = []kmsg.SyncGroupRequestGroupAssignment{{MemberID: "member", MemberAssignment: make([]byte, longestScan+longestScan/2)}}
		return r
	case 3:
		r := kmsg.NewPtrLeaveGroupRequest()
		r.Group, r.MemberID = "group", "member"
		return r
	case 4:
		r := kmsg.NewPtrHeartbeatRequest()
		r.Group, r.MemberID = "group", "member"
		return r
	default:
		return kmsg.NewPtrApiVersionsRequest()
	}
}
