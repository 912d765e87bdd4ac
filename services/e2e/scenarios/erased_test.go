package scenarios

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rcu/services/e2e/browser"
	"rcu/services/e2e/stack"
)

// erasing is an installation in which somebody with values in all four channels is erased, and somebody else is not.
type erasing struct {
	*stack.Stack
	t          *testing.T
	who        planted
	other      person
	data, keys string // archives of before
}

// TestErasedStaysErased (invariant 5, keys): after the delay nothing opens the values of somebody who was erased: not after a restart, not when an older
// archive is put back, and not with older keys, as long as the ledger is there.
func TestErasedStaysErased(t *testing.T) {
	t.Parallel()
	stack.NeedServers(t)
	e := &erasing{Stack: stack.Start(t, "--set", "privacy.delay=1s", "--set", "privacy.every=1s"), t: t, who: plant(), other: somebody()}
	e.meet()
	e.archive()
	e.eraseOnThePage()
	e.destroyed()
	e.closed("after the delay")

	e.Stop(t)
	e.command("restore", e.data)
	e.Launch(t)
	e.closed("at the first request after older data were put back")

	e.Stop(t)
	ledger, err := os.ReadFile(filepath.Join(e.Dir, "erasures.ledger"))
	require.NoError(t, err)
	require.NotContains(t, string(ledger), "zqxvwj")
	e.Dir = filepath.Join(t.TempDir(), "elsewhere")
	e.command("restore", e.data, "--keys", e.keys)
	require.NoError(t, os.WriteFile(filepath.Join(e.Dir, "erasures.ledger"), ledger, 0o600))
	e.Launch(t)
	e.closed("at the first request after older data and older keys were put back")
	e.Settled(t, 2*soon) // what lay on Kafka was resolved once more
	e.comesBack()
	e.Kill(t)
	controls := map[string]int{}
	files, _ := e.who.absentFromFiles(t, e.Dir, controls)
	require.Positive(t, controls["files"])
	t.Logf("%d files hold none of the values", files)
}

// meet sends events of both, and waits until they are known.
func (e *erasing) meet() {
	e.t.Helper()
	e.who.sendGood(e.t, e.Stack)
	paid := sale(time.Now().Add(-time.Hour), 1000, e.other.cardID(), e.other.emailID())
	paid.Traits = map[string]string{"given_name": "Dominique"}
	e.Send(e.t, stack.TillParis, paid)
	r := known(e.t, e.Stack, e.who.cardID(), bought(5000, 0, 2))
	require.Equal(e.t, "Zqxvwjgiven", r.Traits["given_name"].Value)
	known(e.t, e.Stack, e.other.cardID(), bought(1000, 0, 1))
}

// archive writes archives of data and of keys, as of before the erasure.
func (e *erasing) archive() {
	e.t.Helper()
	e.Settled(e.t, 2*soon)
	e.Stop(e.t)
	dir := e.t.TempDir()
	e.data, e.keys = filepath.Join(dir, "data.tar.gz"), filepath.Join(dir, "keys.tar.gz")
	e.command("backup", e.data)
	e.command("backup", "--keys-only", e.keys)
	e.Launch(e.t)
}

func (e *erasing) command(args ...string) {
	e.t.Helper()
	_, err := e.Command(e.t, args...)
	require.NoError(e.t, err)
}

// eraseOnThePage erases the record with one controller on its page, and with the other by its service.
func (e *erasing) eraseOnThePage() {
	e.t.Helper()
	r := known(e.t, e.Stack, e.who.cardID(), bought(5000, 0, 2))
	var session struct{ Path string }
	consent(e.t, e.Stack, "/v1/preference-sessions", map[string]any{"rcu_id": r.RCUID, "points": []any{map[string]any{"namespace": "email", "value": e.who.email}}}, &session)
	p := browser.Open(e.t, windows["desktop"], "fr")
	p.Go(e.URL("consent-api") + session.Path + "/erase")
	p.Submit("form button[type=submit]")
	require.Contains(e.t, p.See("[role=status]"), accounts["fr"].closed)
	e.overlay(stack.DigitalService, false)
	e.closed("at once")
}

// overlay lays the erasure on the points of the person, or lifts it, for the controller of a reader.
func (e *erasing) overlay(reader string, lift bool) {
	e.t.Helper()
	body, err := json.Marshal(map[string]any{
		"id": fmt.Sprintf("erasing-%s-%t", reader, lift), "point": map[string]string{"namespace": "card", "value": e.who.card}, "overlay": "erased", "lift": lift,
	})
	require.NoError(e.t, err)
	r, err := http.NewRequestWithContext(e.t.Context(), http.MethodPost, e.URL("consent-api")+"/v1/overlays", bytes.NewReader(body))
	require.NoError(e.t, err)
	r.Header.Set("Authorization", "Bearer "+e.ReaderKey(reader))
	r.Header.Set("Content-Type", "application/json")
	status, answer, err := e.Do(r)
	require.NoError(e.t, err)
	require.Equal(e.t, http.StatusOK, status, answer)
}

// destroyed waits until the ledger says that no store has a key any more.
func (e *erasing) destroyed() {
	e.t.Helper()
	took := stack.Eventually(e.t, 2*soon, "the keys are destroyed", func() error {
		out, err := e.Command(e.t, "--json", "erasure", "status", "--config", filepath.Join(e.Dir, "rcu.yaml"))
		var said struct{ States map[string]int }
		if err == nil {
			err = json.Unmarshal([]byte(out), &said)
		}
		if err == nil && (said.States["waiting"] > 0 || said.States["destroyed"] < 10) {
			err = fmt.Errorf("%v", said.States)
		}
		return err
	})
	e.t.Logf("destroyed %s after they were asked for", took.Round(time.Millisecond))
}

// closed says that nobody reads the person, and the other one as before.
func (e *erasing) closed(when string) {
	e.t.Helper()
	for name, id := range map[string]stack.Identifier{"e-mail": e.who.emailID(), "card": e.who.cardID()} {
		r := e.Lookup(e.t, stack.Service, id, "contract")
		require.Equal(e.t, http.StatusLocked, r.Status, "%s, by %s: %s", when, name, r.Body)
	}
	r := e.Lookup(e.t, stack.Service, e.other.cardID(), "contract")
	require.Equal(e.t, http.StatusOK, r.Status, when)
	require.Equal(e.t, "Dominique", r.Traits["given_name"].Value, when)
}

// comesBack lifts the erasure: the sales are there, the values are nowhere; and what is told from now on is known.
func (e *erasing) comesBack() {
	e.t.Helper()
	for _, reader := range []string{stack.RetailService, stack.DigitalService} {
		e.overlay(reader, true)
	}
	r := known(e.t, e.Stack, e.who.cardID(), bought(5000, 0, 2))
	for name, x := range r.Traits {
		require.NotContains(e.t, x.Value, "qx", name)
	}
	require.NotContains(e.t, r.Body, e.who.email)
	<-time.After(1500 * time.Millisecond) // times of decisions are whole seconds
	again := sale(time.Now(), 700, e.who.cardID())
	again.Traits = map[string]string{"given_name": "Anouk"}
	e.Send(e.t, stack.TillParis, again)
	r = known(e.t, e.Stack, e.who.cardID(), bought(5700, 0, 3))
	require.Equal(e.t, "Anouk", r.Traits["given_name"].Value)
}
