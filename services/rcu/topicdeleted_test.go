package main

import (
	"context"
	"encoding/binary"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kmsg"

	"rcu/pkg/stream"
	"rcu/pkg/testkit"
	"rcu/services/resolver"
)

// ask sends a broker a request of an operator who does not use RCU for it.
func ask(t *testing.T, broker string, req kmsg.Request) {
	t.Helper()
	conn, err := (&net.Dialer{Timeout: 5 * time.Second}).DialContext(t.Context(), "tcp", broker)
	require.NoError(t, err)
	defer func() { _ = conn.Close() }()
	require.NoError(t, conn.SetDeadline(time.Now().Add(10*time.Second)))
	_, err = conn.Write(kmsg.NewRequestFormatter().AppendRequest(nil, req, 1))
	require.NoError(t, err)
	var size [4]byte
	_, err = io.ReadFull(conn, size[:])
	require.NoError(t, err)
	_, err = io.CopyN(io.Discard, conn, int64(binary.BigEndian.Uint32(size[:])))
	require.NoError(t, err)
}

func deleteTopic(t *testing.T, broker, topic string) {
	t.Helper()
	ask(t, broker, &kmsg.DeleteTopicsRequest{Version: 3, TopicNames: []string{topic}, TimeoutMillis: 5000})
}

// endsAndNamesTheFix checks that a program ended by exit code 1, and said what mends it.
func endsAndNamesTheFix(t *testing.T, err error, said, topic string) {
	t.Helper()
	var exit *exec.ExitError
	require.ErrorAs(t, err, &exit, said)
	require.Equal(t, 1, exit.ExitCode(), said)
	require.Contains(t, said, "topic "+topic+" was deleted")
	require.Contains(t, said, "restore it from a backup, or stop RCU and accept the loss with `rcu topic adopt "+topic+"`")
}

// A topic that was deleted and made again by other means stops the start of every service, and the message names the command that accepts the loss. After it,
// services start, and what comes is resolved.
func TestATopicThatIsNotTheOneItWasStopsTheStart(t *testing.T) {
	s := newSite(t)
	s.startRedis()
	c, err := stream.Connect(stream.Config{Brokers: []string{s.kafka}}, stream.Deps{})
	require.NoError(t, err)
	t.Cleanup(c.Close)
	sold := func(id string) {
		till := s.run("ingest-store")
		till.until(http.StatusOK, "ready")
		status, body := till.post("till-paris-1", happened(1, id, "sale", `"identifiers":[{"namespace":"card","value":"2991234567895","proved":true}],`+goods))
		require.Equal(t, http.StatusOK, status, body)
		till.stop()
		require.Equal(t, 1, s.records(c, stream.TopicEventsStore))
	}
	resolved := func() {
		r := s.run("resolver")
		r.until(http.StatusOK, "ready")
		require.Eventually(t, func() bool {
			lags, err := c.Lag(t.Context(), resolver.Default().Group, stream.TopicEventsStore)
			behind := int64(0)
			for _, l := range lags {
				behind += l.Lag()
			}
			return err == nil && behind == 0
		}, 20*time.Second, 50*time.Millisecond)
		r.stop()
	}
	refused := func(services ...string) {
		var all []*lonely
		for _, service := range services {
			all = append(all, s.run(service))
		}
		for _, r := range all {
			err := r.exit()
			endsAndNamesTheFix(t, err, r.log.String(), stream.TopicEventsStore)
		}
	}
	sold("s1")
	resolved()
	deleteTopic(t, s.kafka, stream.TopicEventsStore)
	ask(t, s.kafka, &kmsg.CreateTopicsRequest{Version: 4, TimeoutMillis: 5000, Topics: []kmsg.CreateTopicsRequestTopic{
		{Topic: stream.TopicEventsStore, NumPartitions: 2, ReplicationFactor: 1},
	}})
	refused("ingest-store", "resolver", "sink")

	out, err := called(t, "topic", "adopt", "events.store", "--kafka", s.kafka, "--data", s.dir)
	require.NoError(t, err)
	require.Equal(t, "rcu.events.store is adopted: groups begin at its first record.\n", out)
	sold("s2")
	resolved()
}

// The broker of `rcu up` ends with it, and its message is followed all the same.
func TestLongADeletedTopicOfAFolderIsAdopted(t *testing.T) {
	testkit.Long(t)
	i := newInstallation(t)
	r := i.up()
	i.demo("10")
	i.settled(i.kafka(r))
	deleteTopic(t, r.in.Kafka[0], stream.TopicEventsWeb)
	ended := make(chan error, 1)
	go func() { ended <- r.cmd.Wait() }()
	select {
	case err := <-ended:
		endsAndNamesTheFix(t, err, r.stderr.String(), stream.TopicEventsWeb)
	case <-time.After(30 * time.Second):
		require.FailNow(t, "nobody notices that a topic is gone")
	}
	path, err := program()
	require.NoError(t, err)
	ctx, stop := context.WithTimeout(t.Context(), time.Minute)
	defer stop()
	out, err := exec.CommandContext(ctx, path, "--data", i.dir, "up", "--config", i.config).CombinedOutput()
	endsAndNamesTheFix(t, err, string(out), stream.TopicEventsWeb)

	require.Contains(t, i.must("topic", "adopt", stream.TopicEventsWeb), "rcu.events.web is adopted")
	r = i.up()
	i.demo("10")
	i.settled(i.kafka(r))
	require.NoError(t, r.stop(t, os.Interrupt), r.stderr.String())
}
