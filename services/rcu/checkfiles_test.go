package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rcu/pkg/testkit"
	"rcu/services/internal/boot"
)

// --validate opens every file that the configuration names, and tells all that is wrong with all of them in one go.
func TestValidate_tellsOfEveryFileAtOnce(t *testing.T) {
	dir := t.TempDir()
	file := func(name, content string) string {
		path := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
		return path
	}
	nothing := filepath.Join(dir, "nothing")
	ca := testkit.NewAuthority(t)
	ca.Issue("one", time.Now().Add(time.Hour))
	ca.Issue("two", time.Now().Add(time.Hour))
	bad := map[string]string{
		"kafka.tls.ca_file":        file("empty.pem", "no certificate"),
		"kafka.tls.cert_file":      ca.Path("one.pem"),
		"kafka.sasl.password_file": nothing,
		"redis.tls_ca_file":        nothing,
		"redis.tls_cert_file":      nothing,
		"sources":                  file("sources.yaml", "sources:\n- {name: a}\n"),
		"readers":                  nothing,
		"keys":                     file("keys.json", "not-the-secret"),
		"identity.rules":           file("rules.yaml", "colour: red\n"),
		"contacts.rules":           nothing,
		"match.model":              nothing,
		"privacy.ledger":           file("ledger", "nonsense\n"),
	}
	args := []string{
		"--set", "kafka.tls.enabled=true", "--set", "kafka.tls.key_file=" + ca.Path("two.key"), "--set", "redis.tls=true", "--set", "redis.tls_key_file=" + nothing,
		"--set", "kafka.sasl.mechanism=plain", "--set", "kafka.sasl.username=rcu", "--set", "shutdown_delay=-1s",
		"--kafka", "127.0.0.1:1", "--clickhouse", "http://rcu@127.0.0.1:1/rcu",
	}
	for path, value := range bad {
		args = append(args, "--set", path+"="+value)
	}
	for _, command := range [][]string{{"run", "sink"}, {"up"}, {"doctor"}, {"rebuild", "redis"}} {
		data := filepath.Join(t.TempDir(), "data")
		_, said, code := call(t, "", append(append(append([]string{"--data", data}, command...), "--validate"), args...)...)
		require.Equal(t, boot.ExitUsage, code, said)
		for path := range bad {
			require.Equal(t, 1, strings.Count(said, "\n  "+path+": "), "%v: %s in\n%s", command, path, said)
		}
		require.Contains(t, said, "\n  shutdown_delay: ")
		require.Equal(t, command[0] == "run", strings.Contains(said, "\n  redis.addrs: is required"), said)
		require.NotContains(t, said, "not-the-secret")
		require.NoDirExists(t, data)
	}
}

func TestValidate_filesThatAreRight(t *testing.T) {
	data := t.TempDir()
	h := home{data}
	require.NoError(t, h.makeLists(defaultSettings()))
	_, err := h.keys("")
	require.NoError(t, err)
	ca := testkit.NewAuthority(t)
	ca.Issue("rcu", time.Now().Add(time.Hour))
	args := []string{
		"--data", data, "up", "--validate", "--set", "kafka.tls.enabled=true", "--kafka", "127.0.0.1:1",
		"--set", "redis.tls=true",
	}
	for field, name := range map[string]string{"ca_file": "ca.pem", "cert_file": "rcu.pem", "key_file": "rcu.key"} {
		args = append(args, "--set", fmt.Sprintf("kafka.tls.%s=%s", field, ca.Path(name)), "--set", fmt.Sprintf("redis.tls_%s=%s", field, ca.Path(name)))
	}
	out, said, code := call(t, "", args...)
	require.Zero(t, code, said)
	require.Empty(t, out)
	require.Contains(t, said, "no server was asked")

	require.NoError(t, os.Remove(h.path("keys.json")))
	_, said, code = call(t, "", args...)
	require.Equal(t, boot.ExitUsage, code)
	require.Contains(t, said, "keys: "+h.path("keys.json")+" is missing, and this installation had keys")
}
