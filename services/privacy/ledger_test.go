package privacy_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rcu/pkg/consent"
	eventpb "rcu/schemas/event"
	"rcu/services/privacy"
)

// said is a decision about the erasure of a point.
func said(point byte, decision string, at int64) *eventpb.Decision {
	pseudonym := make([]byte, 17)
	pseudonym[0], pseudonym[16] = 1, point
	return &eventpb.Decision{
		Space: space, Controller: retail, Point: &eventpb.Identifier{Namespace: "email", Pseudonym: pseudonym},
		Purpose: string(consent.Erased.Purpose()), Decision: decision, DecidedAt: at, ReceivedAt: time.Unix(at, 0).UnixMicro(),
	}
}

func openLedger(t *testing.T, path string) *privacy.Ledger {
	t.Helper()
	l, err := privacy.OpenLedger(path)
	require.NoError(t, err)
	t.Cleanup(func() { _ = l.Close() })
	return l
}

func hears(t *testing.T, l *privacy.Ledger, ds ...*eventpb.Decision) int {
	t.Helper()
	n, err := l.Hear(ds)
	require.NoError(t, err)
	return n
}

func TestLedger_keepsWhatWasDecidedOverAnyEnd(t *testing.T) {
	path := filepath.Join(t.TempDir(), "keys", "erasures.ledger")
	l := openLedger(t, path)
	require.False(t, l.Whole())
	require.NoError(t, l.SetWhole())
	other := said(3, "object", 100)
	other.Purpose = string(consent.Restricted.Purpose())
	require.Equal(t, 2, hears(t, l, said(1, "object", 100), said(2, "object", 100), said(2, "grant", 150), other))
	require.Zero(t, hears(t, l, said(1, "object", 100), said(1, "object", 90), said(2, "grant", 160), said(3, "grant", 160)), "nothing new")
	all := l.All()
	require.Len(t, all, 2)
	require.NoError(t, l.SetDestroyed(all[:1], 200))
	require.Equal(t, 1, hears(t, l, said(1, "grant", 250)))
	require.NoError(t, l.SetDestroyed(all[:1], 260), "what was decided meanwhile stays")
	want := l.All()
	require.Equal(t, int64(250), want[0].EndsAt)
	require.Equal(t, int64(260), want[0].DestroyedAt)
	require.Equal(t, int64(150), want[1].EndsAt)
	now := time.Unix(300, 0)
	require.Equal(t, map[privacy.State]int{privacy.Destroyed: 1, privacy.Ended: 1}, l.Count(now))

	require.Equal(t, 1, hears(t, l, said(2, "object", 400)), "erased again")
	again := l.All()
	require.Equal(t, privacy.Waiting, again[1].State(time.Unix(400+24*3600, 0)))
	require.Equal(t, privacy.Overdue, again[1].State(time.Unix(401+24*3600, 0)))

	file, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0o600)
	require.NoError(t, err)
	_, err = file.WriteString(`{"erasure":{"space":"ma`)
	require.NoError(t, err)
	require.NoError(t, file.Close())
	read, err := privacy.ReadLedger(path)
	require.NoError(t, err)
	require.Equal(t, again, read, "a line that was cut short is none")
	reopened := openLedger(t, path)
	require.True(t, reopened.Whole())
	require.Equal(t, again, reopened.All())
	require.Equal(t, 1, hears(t, reopened, said(4, "object", 500)))
	read, err = privacy.ReadLedger(path)
	require.NoError(t, err)
	require.Len(t, read, 3)

	text, err := os.ReadFile(path)
	require.NoError(t, err)
	text[len(text)/2] ^= 0x40
	text[3] = '}'
	require.NoError(t, os.WriteFile(path, text, 0o600))
	_, err = privacy.ReadLedger(path)
	require.ErrorIs(t, err, privacy.ErrLedger)
	_, err = privacy.OpenLedger(path)
	require.ErrorIs(t, err, privacy.ErrLedger, "nothing is opened over a damaged ledger")
	none, err := privacy.ReadLedger(filepath.Join(t.TempDir(), "none"))
	require.NoError(t, err)
	require.Empty(t, none)
}

func TestConfig_keepsTheDeadline(t *testing.T) {
	require.NoError(t, privacy.Default().Validate())
	late := privacy.Default()
	late.Delay = 23 * time.Hour
	require.ErrorContains(t, late.Validate(), "delay and every")
	require.Error(t, privacy.Config{}.Validate())
}
