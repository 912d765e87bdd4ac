package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rcu/pkg/embedded"
	"rcu/pkg/testkit"
)

// built is the folder of the binary, once a test needed it.
var built string

// program builds the real binary once: its children are itself.
var program = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "rcu-test-bin-*")
	if err != nil {
		return "", err
	}
	built = dir
	path := filepath.Join(dir, "rcu")
	cmd := exec.CommandContext(context.Background(), "go", "build", "-buildvcs=false", "-o", path, ".")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return string(out), err
	}
	return path, nil
})

func TestMain(m *testing.M) {
	code := m.Run()
	_ = os.RemoveAll(built)
	os.Exit(code)
}

func needServers(t *testing.T) {
	t.Helper()
	if _, err := embedded.FindRedis(t.Context(), ""); err != nil {
		testkit.Missing(t, testkit.BackendRedis, err.Error())
	}
	if ok, err := embedded.EngineInstalled(); err != nil || !ok {
		testkit.Missing(t, testkit.BackendClickHouse, "the engine is not installed: run scripts/setup")
	}
}

// running is one `rcu up` as a process.
type running struct {
	cmd    *exec.Cmd
	stderr *bytes.Buffer
	in     instance
}

// up starts the program on free ports and waits for the addresses.
func up(t *testing.T, dir string, args ...string) *running {
	t.Helper()
	path, err := program()
	require.NoError(t, err, path)
	r := &running{stderr: &bytes.Buffer{}}
	all := append([]string{"--json", "--data", dir, "up", "--set", "admin=127.0.0.1:0"}, args...)
	r.cmd = exec.CommandContext(t.Context(), path, all...)
	r.cmd.Stderr = r.stderr
	out, err := r.cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, r.cmd.Start())
	t.Cleanup(func() { _ = r.cmd.Process.Kill(); _ = r.cmd.Wait() })
	err = json.NewDecoder(out).Decode(&r.in)
	if err != nil {
		_ = r.cmd.Wait()
	}
	require.NoError(t, err, r.stderr.String())
	return r
}

func (r *running) stop(t *testing.T, sig os.Signal) error {
	t.Helper()
	require.NoError(t, r.cmd.Process.Signal(sig))
	return r.cmd.Wait()
}

func TestUpStartsStopsAndFindsItsData(t *testing.T) {
	needServers(t)
	dir := filepath.Join(t.TempDir(), "data")
	free := freePorts(t)
	path, err := program()
	require.NoError(t, err, path)
	began := time.Now()
	first := up(t, dir, free...)
	require.Equal(t, []string{"redis", "kafka", "clickhouse"}, first.in.Embedded)
	require.Equal(t, http.StatusOK, status(t, "http://"+first.in.Services["admin"]+"/readyz"))
	require.Equal(t, http.StatusOK, status(t, first.in.ClickHouse[:len(first.in.ClickHouse)-len("/rcu")]+"/ping"))

	out, err := exec.CommandContext(t.Context(), path, "--data", dir, "up").CombinedOutput()
	require.Error(t, err)
	require.Contains(t, string(out), "is in use by process "+strconv.Itoa(first.in.PID))

	for _, command := range [][]string{{"rules", "show"}, {"identity", "export"}} {
		out, err = exec.CommandContext(t.Context(), path, append(append([]string{"--data", dir}, command...), "--space", "nowhere")...).CombinedOutput()
		var exit *exec.ExitError
		require.ErrorAs(t, err, &exit, command)
		require.Equal(t, 2, exit.ExitCode())
		require.Contains(t, string(out), `there is no space "nowhere": the sources know maison`)
	}

	keys, err := os.ReadFile(filepath.Join(dir, "keys.json"))
	require.NoError(t, err)
	require.NoError(t, first.stop(t, os.Interrupt), first.stderr.String())

	second := up(t, dir, free...)
	again, err := os.ReadFile(filepath.Join(dir, "keys.json"))
	require.NoError(t, err)
	require.Equal(t, keys, again)
	require.Error(t, second.stop(t, syscall.SIGKILL))

	third := up(t, dir, free...) // after kill -9: no child holds the ports, the data can be opened
	require.NoError(t, third.stop(t, syscall.SIGTERM), third.stderr.String())
	require.Less(t, time.Since(began), 30*time.Second, "three starts")

	require.NoError(t, os.Remove(filepath.Join(dir, "keys.json")))
	out, err = exec.CommandContext(t.Context(), path, append([]string{"--data", dir, "up"}, free...)...).CombinedOutput()
	require.Error(t, err, "a lost key file is not replaced")
	require.Contains(t, string(out), "opening the keys of this installation")
}

func TestUpWithGivenServers(t *testing.T) {
	r := up(t, filepath.Join(t.TempDir(), "data"), "--kafka", testkit.Kafka(t)[0], "--redis", testkit.Redis(t), "--clickhouse", testkit.ClickHouse(t))
	require.Empty(t, r.in.Embedded)
	require.NoError(t, r.stop(t, os.Interrupt), r.stderr.String())
}

// freePorts moves the embedded servers away from their standard ports, which a person's own `rcu up` may hold.
func freePorts(t *testing.T) []string {
	t.Helper()
	var flags []string
	for _, server := range []string{"kafka", "redis", "clickhouse"} {
		flags = append(flags, "--set", fmt.Sprintf("embedded.%s_port=%d", server, testkit.FreePort(t)))
	}
	return flags
}

func status(t *testing.T, url string) int {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, http.NoBody)
	require.NoError(t, err)
	resp, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	return resp.StatusCode
}

func TestDoctorAsAProgram(t *testing.T) {
	needServers(t)
	path, err := program()
	require.NoError(t, err)
	dir := filepath.Join(t.TempDir(), "data")
	free := freePorts(t)
	run := func(args ...string) (string, error) {
		all := append([]string{"--data", dir, "doctor", "--min-free", "1", "--set", "admin=127.0.0.1:0"}, append(args, free...)...)
		out, err := exec.CommandContext(t.Context(), path, all...).CombinedOutput()
		return string(out), err
	}
	out, err := run()
	require.NoError(t, err, "before the first start: "+out)
	require.Contains(t, out, "start it with `rcu up`")

	r := up(t, dir, free...)
	out, err = run()
	require.NoError(t, err, out)
	require.Regexp(t, `ok\s+server\s+clickhouse answers`, out)
	require.Regexp(t, `ok\s+topics`, out)
	require.Regexp(t, `ok\s+schema`, out)

	require.Error(t, r.stop(t, syscall.SIGKILL))
	out, err = run()
	var exit *exec.ExitError
	require.ErrorAs(t, err, &exit)
	require.Equal(t, 1, exit.ExitCode())
	require.Contains(t, out, "rcu up ended without being stopped")

	require.NoError(t, up(t, dir, free...).stop(t, os.Interrupt))
	out, err = run()
	require.NoError(t, err, "after an orderly stop: "+out)
}
