package stack

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const (
	startLimit = 60 * time.Second
	stopLimit  = 60 * time.Second
)

// Addresses is what `rcu --json up` prints when it is ready.
type Addresses struct {
	PID        int               `json:"pid"`
	Kafka      []string          `json:"kafka"`
	Redis      []string          `json:"redis"`
	ClickHouse string            `json:"clickhouse"`
	Embedded   []string          `json:"embedded"`
	Services   map[string]string `json:"services"`
}

// Stack is one installation and the process that runs it.
type Stack struct {
	Addresses

	Dir  string // the data folder
	HTTP *http.Client
	// GivenClickHouse is the address with log-in of a server that was given with --clickhouse; empty: the embedded one.
	GivenClickHouse string

	args       []string
	sourceKeys map[string]string // source -> bearer key
	readerKeys map[string]string // reader -> bearer key

	cmd    *exec.Cmd
	stderr *lockedBuffer
	ended  chan struct{} // closed when the process has ended
	exit   error         // of the process, after ended
}

// Start runs the program in a new data folder until the test ends. args are added to `rcu up`.
func Start(t testing.TB, args ...string) *Stack {
	t.Helper()
	return StartIn(t, filepath.Join(t.TempDir(), "data"), args...)
}

// StartIn is Start in a folder of the test's own.
func StartIn(t testing.TB, dir string, args ...string) *Stack {
	t.Helper()
	s := prepare(t, dir, args...)
	s.Launch(t)
	t.Cleanup(func() { s.endOf(t) })
	return s
}

// StartFirst runs the program in a new data folder without lists: it makes those of the demonstration, and keeps the keys.
func StartFirst(t testing.TB) *Stack {
	t.Helper()
	NeedServers(t)
	s := prepare(t, filepath.Join(t.TempDir(), "data"))
	for _, list := range []string{"sources.yaml", "readers.yaml"} {
		require.NoError(t, os.Remove(s.path(list)))
	}
	s.Launch(t)
	t.Cleanup(func() { s.endOf(t) })
	return s
}

var shared struct {
	sync.Mutex
	stack *Stack
}

// Shared is the stack of the test binary, started by the first test that asks for it. Tests use customers of their own.
func Shared(t testing.TB) *Stack {
	t.Helper()
	NeedServers(t)
	shared.Lock()
	defer shared.Unlock()
	if shared.stack == nil {
		dir, err := folder()
		require.NoError(t, err)
		s := prepare(t, filepath.Join(dir, "shared"))
		s.Launch(t)
		shared.stack = s
	}
	return shared.stack
}

// Close ends the shared stack and removes what the test binary made. It belongs at the end of TestMain.
func Close() {
	shared.Lock()
	defer shared.Unlock()
	if shared.stack != nil {
		shared.stack.end()
	}
	if dir, err := folder(); err == nil {
		_ = os.RemoveAll(dir)
	}
}

// prepare writes the lists and settings of an installation.
func prepare(t testing.TB, dir string, args ...string) *Stack {
	t.Helper()
	transport := &http.Transport{MaxIdleConnsPerHost: 64, DisableCompression: true}
	s := &Stack{Dir: dir, HTTP: &http.Client{Transport: transport, Timeout: 30 * time.Second}, args: args}
	require.NoError(t, os.MkdirAll(dir, 0o700))
	s.writeLists(t)
	return s
}

// Launch starts the process on the data folder as it is, and waits until it is ready.
func (s *Stack) Launch(t testing.TB) {
	t.Helper()
	all := append([]string{"--json", "--data", s.Dir, "up", "--config", s.path("rcu.yaml")}, s.args...)
	s.cmd = exec.CommandContext(context.Background(), Program(t), all...) //nolint:gosec // our own program
	s.cmd.SysProcAttr = attributes()
	s.stderr, s.ended, s.exit = &lockedBuffer{}, make(chan struct{}), nil
	s.cmd.Stderr = s.stderr
	out, answer := newPipe(t)
	s.cmd.Stdout = answer
	require.NoError(t, s.cmd.Start())
	require.NoError(t, answer.Close())
	go func(cmd *exec.Cmd, ended chan struct{}) {
		s.exit = cmd.Wait()
		close(ended)
	}(s.cmd, s.ended)
	first := make(chan error, 1)
	s.Addresses = Addresses{}
	go func() { first <- json.NewDecoder(out).Decode(&s.Addresses) }()
	select {
	case err := <-first:
		if err != nil {
			s.end()
		}
		require.NoError(t, err, "rcu up ended before it was ready: %s\n%s", s.stderr, s.logTail())
	case <-time.After(startLimit):
		s.end()
		require.Fail(t, "rcu up is not ready", "after %s: %s\n%s", startLimit, s.stderr, s.logTail())
	}
	s.awaitReady(t)
}

func newPipe(t testing.TB) (r, w *os.File) {
	t.Helper()
	r, w, err := os.Pipe()
	require.NoError(t, err)
	return r, w
}

// awaitReady waits until every part says that it works.
func (s *Stack) awaitReady(t testing.TB) {
	t.Helper()
	Eventually(t, startLimit, "every service is ready", func() error {
		status, body := s.get(t, "admin", "/readyz")
		if status != http.StatusOK {
			return fmt.Errorf("/readyz answered %d: %s", status, body)
		}
		return nil
	})
}

// Stop ends the process in order, as Ctrl-C does.
func (s *Stack) Stop(t testing.TB) {
	t.Helper()
	require.NoError(t, s.cmd.Process.Signal(os.Interrupt))
	select {
	case <-s.ended:
		require.NoError(t, s.exit, "%s", s.stderr)
	case <-time.After(stopLimit):
		s.end()
		require.Fail(t, "rcu up does not stop", "after %s\n%s", stopLimit, s.logTail())
	}
}

// Kill ends the process and with it its servers by kill -9.
func (s *Stack) Kill(t testing.TB) {
	t.Helper()
	require.NoError(t, s.cmd.Process.Signal(syscall.SIGKILL))
	<-s.ended
}

// Restart stops the process in order and starts it again on the same folder.
func (s *Stack) Restart(t testing.TB) {
	t.Helper()
	s.Stop(t)
	s.Launch(t)
}

// endOf ends the process with its test. One that failed shows the end of the log.
func (s *Stack) endOf(t testing.TB) {
	t.Helper()
	s.end()
	if t.Failed() {
		t.Logf("the log ended with:\n%s", s.logTail())
	}
}

// end makes sure that the process is gone.
func (s *Stack) end() {
	if s.cmd == nil || s.cmd.Process == nil {
		return
	}
	_ = s.cmd.Process.Kill()
	<-s.ended
	s.HTTP.CloseIdleConnections()
}

// LogPath is the log of the process.
func (s *Stack) LogPath() string { return s.path("rcu.log") }

// Stderr is what the process wrote to standard error since its last start.
func (s *Stack) Stderr() string { return s.stderr.String() }

// URL is the address of a service.
func (s *Stack) URL(service string) string { return "http://" + s.Services[service] }

// Metrics is the page of /metrics.
func (s *Stack) Metrics(t testing.TB) string {
	t.Helper()
	status, body := s.get(t, "admin", "/metrics")
	require.Equal(t, http.StatusOK, status)
	return body
}

// Command runs the program as a person would, on this installation, and returns what it printed.
func (s *Stack) Command(t testing.TB, args ...string) (stdout string, err error) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), Program(t), append([]string{"--data", s.Dir}, args...)...) //nolint:gosec // our own program
	var out, problems bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &problems
	if err = cmd.Run(); err != nil {
		err = fmt.Errorf("running rcu %s: %w: %s", args[0], err, problems.String())
	}
	return out.String(), err
}

func (s *Stack) path(elem ...string) string {
	return filepath.Join(append([]string{s.Dir}, elem...)...)
}

func (s *Stack) get(t testing.TB, service, path string) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL(service)+path, http.NoBody)
	require.NoError(t, err)
	resp, err := s.HTTP.Do(req)
	if err != nil {
		return 0, err.Error()
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	return resp.StatusCode, string(body)
}

// logTail is the end of the log, for the report of a test that failed.
func (s *Stack) logTail() string {
	raw, err := os.ReadFile(s.LogPath())
	if err != nil {
		return err.Error()
	}
	const most = 4 << 10
	return string(raw[max(0, len(raw)-most):])
}

// lockedBuffer collects what a process writes while it runs.
type lockedBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

// String is what was written so far.
func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

// Ended reports whether the process is gone.
func (s *Stack) Ended() bool {
	select {
	case <-s.ended:
		return true
	default:
		return false
	}
}
