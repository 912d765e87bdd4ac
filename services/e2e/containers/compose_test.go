package containers

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rcu/pkg/testkit"
	"rcu/services/e2e/stack"
)

// composition is docker-compose.yml under a project name of its own, with the lists of deploy/examples.
type composition struct {
	command []string
	args    []string
	dir     string
}

// compose ends the test where Compose 2 or the image of the services is missing; what it starts is removed with its volumes.
func compose(t *testing.T) *composition {
	t.Helper()
	engine(t)
	c := &composition{command: []string{"docker", "compose"}, dir: testkit.Root(t)}
	if given := os.Getenv("RCU_COMPOSE"); given != "" {
		c.command = []string{given}
	}
	if out, err := c.try(t.Context(), "version", "--short"); err != nil {
		testkit.Missing(t, testkit.BackendDocker, "Compose 2 is missing (scripts/docker up builds it): "+out)
	}
	if out, err := exec.CommandContext(t.Context(), "docker", "image", "inspect", image("RCU_IMAGE", "rcu:latest")).CombinedOutput(); err != nil {
		testkit.Missing(t, testkit.BackendDocker, "the image of the services is not built (docker compose build, or scripts/docker up): "+string(out))
	}
	c.args = []string{"--project-name", "rcu-test-" + strconv.Itoa(os.Getpid())}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 3*time.Minute)
		defer cancel()
		if t.Failed() {
			out, _ := c.try(ctx, "logs", "--no-color", "--tail", "20")
			t.Log(out)
		}
		if out, err := c.try(ctx, "down", "--volumes", "--remove-orphans", "--timeout", "10"); err != nil {
			t.Errorf("removing the composition: %v: %s", err, out)
		}
	})
	return c
}

func (c *composition) try(ctx context.Context, args ...string) (string, error) {
	argv := append(append(append([]string{}, c.command...), c.args...), args...)
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.Dir = c.dir
	out, err := cmd.CombinedOutput()
	return string(out), err //nolint:wrapcheck // told with its output
}

func (c *composition) do(t *testing.T, args ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*patience)
	defer cancel()
	out, err := c.try(ctx, args...)
	require.NoError(t, err, "%v: %s", args, out)
	return out
}

// up starts what does not run, and waits until every service says that it can work.
func (c *composition) up(t *testing.T) {
	t.Helper()
	began := time.Now()
	c.do(t, "up", "--wait", "--wait-timeout", "500")
	t.Logf("everything is healthy after %s", time.Since(began).Round(time.Second))
}

// ask sends a request to a published port, and gives status and body.
func ask(ctx context.Context, port int, path, key, body string) (int, string) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, fmt.Sprintf("http://127.0.0.1:%d%s", port, path), strings.NewReader(body))
	if err != nil {
		return 0, err.Error()
	}
	req.Header.Set("Authorization", "Bearer "+key)
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, err.Error()
	}
	defer func() { _ = resp.Body.Close() }()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		return 0, err.Error()
	}
	return resp.StatusCode, string(answer)
}

// order sends one in; a source sends again what was not answered.
func order(t *testing.T, id string) {
	t.Helper()
	event := map[string]any{
		"id": id, "type": "order.placed", "occurred_at": time.Now().Add(-time.Hour).UTC().Format(time.RFC3339), "data": stack.Euros(1000),
		"identifiers": []stack.Identifier{stack.Proved("customer", "C-77"), stack.ID("order", "W"+id)},
	}
	body, err := json.Marshal([]any{event})
	require.NoError(t, err)
	stack.Eventually(t, soon, "the order is accepted", func() error {
		status, answer := ask(t.Context(), 8082, "/v1/events", "example-shop-fr", string(body))
		if status != http.StatusOK || !strings.Contains(answer, `"accepted":1`) {
			return fmt.Errorf("the ingestor answered %d: %s", status, answer)
		}
		return nil
	})
}

// counted waits until the API and ClickHouse hold so many orders of the customer, and gives the answer of the API.
func (c *composition) counted(t *testing.T, orders int) string {
	t.Helper()
	var body string
	stack.Eventually(t, soon, "the API counts the orders", func() error {
		var status int
		status, body = ask(t.Context(), 8080, "/v1/profiles/lookup", "example-site", `{"identifier":{"namespace":"customer","value":"C-77"},"purpose":"contract"}`)
		if want := fmt.Sprintf(`"sales":%d,"returns":0,"tickets":%d`, orders*1000, orders); status != http.StatusOK || !strings.Contains(body, want) {
			return fmt.Errorf("the API answered %d without %s: %s", status, want, body)
		}
		return nil
	})
	stack.Eventually(t, soon, "ClickHouse counts the orders", func() error {
		out, err := c.try(t.Context(), "exec", "-T", "sink", "/usr/bin/rcu", "--json", "sql", "SELECT toString(sum(orders)) AS n FROM customer_360")
		if want := strconv.Quote(strconv.Itoa(orders)); err != nil || !strings.Contains(out, want) {
			return fmt.Errorf("it answered without %s: %s", want, out)
		}
		return nil
	})
	return body
}

func TestTheWholeStackInContainers(t *testing.T) {
	c := compose(t)
	c.up(t)
	order(t, "1")
	c.counted(t, 1)
	c.restrictions(t)
	c.refusals(t)
	for i, victim := range []string{"resolver", "sink"} {
		c.do(t, "restart", victim)
		order(t, strconv.Itoa(2+i))
	}
	c.counted(t, 3)
	for i, victim := range []string{"kafka", "redis", "clickhouse", "resolver", "sink", "profile-api"} {
		order(t, strconv.Itoa(4+i))
		c.do(t, "kill", "--signal", "KILL", victim)
		c.up(t)
		c.counted(t, 4+i)
		t.Logf("killed %s: nothing lost, nothing doubled", victim)
	}
	before := c.counted(t, 9)
	c.do(t, "down", "--timeout", "30")
	c.up(t)
	require.Equal(t, before, c.counted(t, 9))
	order(t, "9") // sent again: counts once
	order(t, "10")
	c.counted(t, 10)
}

// restrictions looks at a running container of the services: no root, nothing to write on but its volume and /tmp, no capability.
func (c *composition) restrictions(t *testing.T) {
	t.Helper()
	id := strings.TrimSpace(c.do(t, "ps", "-q", "resolver"))
	out, err := exec.CommandContext(t.Context(), "docker", "inspect", "-f",
		"{{.Config.User}} {{.HostConfig.ReadonlyRootfs}} {{.HostConfig.CapDrop}} {{.HostConfig.SecurityOpt}}", id).Output()
	require.NoError(t, err)
	require.Equal(t, "65532:65532 true [ALL] [no-new-privileges:true]", string(bytes.TrimSpace(out)))
	_, err = c.try(t.Context(), "exec", "-T", "resolver", "/bin/sh", "-c", "true")
	require.Error(t, err, "the image holds the program alone")
}

// refusals starts services that cannot work: each says why, without the password, and none says that it is healthy.
func (c *composition) refusals(t *testing.T) {
	t.Helper()
	for _, x := range []struct{ variables, service, says string }{
		{"RCU_CLICKHOUSE_URL=http://rcu:not-the-secret@clickhouse:8123/rcu", "sink", "AUTHENTICATION_FAILED"},
		{"RCU_REDIS_USERNAME=nobody RCU_REDIS_PASSWORD=not-the-secret", "resolver", "opening redis"},
		{"RCU_LOG_LEVEL=loud", "ingest-web", "log.level"},
	} {
		ctx, cancel := context.WithTimeout(t.Context(), soon)
		args := []string{"run", "--rm", "--no-deps", "-T"}
		for v := range strings.FieldsSeq(x.variables) {
			args = append(args, "-e", v)
		}
		out, err := c.try(ctx, append(args, x.service, "run", x.service)...)
		cancel()
		var exit *exec.ExitError
		require.ErrorAs(t, err, &exit, out)
		want := 1
		if strings.HasPrefix(x.variables, "RCU_LOG") {
			want = 2
		}
		require.Equal(t, want, exit.ExitCode(), out)
		require.Contains(t, out, x.says)
		require.NotContains(t, out, "not-the-secret")
	}
	out, err := c.try(t.Context(), "run", "--rm", "--no-deps", "-T", "sink", "run", "sink", "--health")
	require.Error(t, err, out)
	for _, x := range []struct{ variable, service, says string }{
		{"RCU_KAFKA_BROKERS=nowhere:9092", "sink", "kafka does not answer yet"},
		{"RCU_CLICKHOUSE_URL=http://rcu:not-the-secret@nowhere:8123/rcu", "sink", "migrating clickhouse"},
		{"RCU_REDIS_ADDRS=nowhere:6379", "resolver", "redis does not answer yet"},
	} {
		c.unhealthy(t, x.variable, x.service, x.says)
	}
}

// unhealthy starts a service whose server is not there: it waits for it, and says that it cannot work.
func (c *composition) unhealthy(t *testing.T, variable, service, says string) {
	t.Helper()
	id := strings.TrimSpace(c.do(t, "run", "--detach", "--no-deps", "-e", variable, service, "run", service))
	id = id[strings.LastIndex(id, "\n")+1:]
	defer func() {
		_ = exec.CommandContext(context.WithoutCancel(t.Context()), "docker", "rm", "--force", id).Run()
	}()
	stack.Eventually(t, soon, "it says what it waits for, and was asked for its health", func() error {
		log, err := exec.CommandContext(t.Context(), "docker", "logs", id).CombinedOutput()
		require.NoError(t, err)
		state, err := exec.CommandContext(t.Context(), "docker", "inspect", "-f", "{{.State.Running}} {{.State.Health.Status}} {{len .State.Health.Log}}", id).Output()
		require.NoError(t, err)
		require.NotContains(t, string(state), " healthy ")
		require.NotContains(t, string(log), "not-the-secret")
		if !strings.Contains(string(log), says) || strings.HasSuffix(strings.TrimSpace(string(state)), " 0") {
			return fmt.Errorf("%s: %s", state, log)
		}
		require.Contains(t, string(state), "true ", "it waits")
		return nil
	})
}
