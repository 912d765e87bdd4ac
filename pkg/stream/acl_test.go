package stream_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/sasl/plain"
	"github.com/stretchr/testify/require"

	"rcu/pkg/embedded"
	"rcu/pkg/stream"
	"rcu/pkg/testkit"
)

// The resolver, and every service but its writer and its reader, is refused exempt audience measurement by Apache Kafka itself, with the rights
// that deploy/kafka/acls gives.
func TestMeasure_isReadByNobodyWhoKnowsPeople_apacheKafka(t *testing.T) {
	testkit.Long(t)
	t.Parallel()
	users := []string{"rcu-ingest", "rcu-resolver", "rcu-sink", "rcu-profile-api", "rcu-consent-api", "rcu-contacts", "rcu-steward", "rcu-matcher", "rcu-measure"}
	var login strings.Builder
	login.WriteString("org.apache.kafka.common.security.plain.PlainLoginModule required")
	for _, u := range users {
		fmt.Fprintf(&login, ` user_%s="%s"`, u, password)
	}
	admin := testkit.FreePort(t)
	server := testkit.ApacheKafkaServer(t, embedded.ApacheKafkaConfig{Properties: fmt.Sprintf(`
listeners=SASL_PLAINTEXT://127.0.0.1:@PORT@,PLAINTEXT://127.0.0.1:%d,CONTROLLER://127.0.0.1:@CONTROLLER@
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,SASL_PLAINTEXT:SASL_PLAINTEXT,CONTROLLER:PLAINTEXT
inter.broker.listener.name=PLAINTEXT
sasl.enabled.mechanisms=PLAIN
listener.name.sasl_plaintext.plain.sasl.jaas.config=%s;
authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
allow.everyone.if.no.acl.found=false
super.users=User:ANONYMOUS
`, admin, login.String())})
	giveRights(t, fmt.Sprintf("127.0.0.1:%d", admin))
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	as := func(user string) *stream.Client {
		c, err := stream.Connect(stream.Config{Brokers: []string{server.Addr()}, SASL: stream.SASL{Mechanism: "plain", Username: user, Password: password}, Partitions: 1},
			stream.Deps{Log: quiet(t)})
		require.NoError(t, err)
		t.Cleanup(c.Close)
		return c
	}
	ingest := as("rcu-ingest")
	require.NoError(t, ingest.EnsureTopics(ctx, stream.Topics(1, 1)), "a service makes the topics")
	publish := func(user, topic string) error {
		producer, err := as(user).NewProducer(stream.ProducerConfig{})
		require.NoError(t, err)
		defer func() { _ = producer.Close(context.Background()) }()
		ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
		defer cancel()
		r := rec(topic, "", 1)
		r.Time = time.Now() // an old record would be past its retention
		return producer.Publish(ctx, []stream.Record{r})
	}
	read := func(user, topic string) error {
		client := &kafka.Client{Addr: kafka.TCP(server.Addr()), Transport: &kafka.Transport{SASL: plain.Mechanism{Username: user, Password: password}}}
		got, err := client.Fetch(ctx, &kafka.FetchRequest{Topic: topic, Partition: 0, Offset: 0, MinBytes: 1, MaxBytes: 1 << 20, MaxWait: 10 * time.Second})
		if err == nil {
			err = got.Error
		}
		if err == nil {
			_, err = got.Records.ReadRecord()
		}
		return err
	}
	require.NoError(t, publish("rcu-ingest", stream.TopicMeasure))
	require.NoError(t, publish("rcu-ingest", stream.TopicEventsWeb))
	for _, user := range users {
		t.Run(user, func(t *testing.T) {
			if user == "rcu-measure" {
				require.NoError(t, read(user, stream.TopicMeasure))
				require.Error(t, read(user, stream.TopicEventsWeb), "whoever measures does not even see the topics of people")
			} else {
				require.ErrorIs(t, read(user, stream.TopicMeasure), kafka.TopicAuthorizationFailed)
				require.NoError(t, read(user, stream.TopicEventsWeb), "the work of the services goes on")
				var refused *stream.RightError
				require.ErrorAs(t, as(user).Follow(ctx, stream.TopicMeasure, 0, stream.FromStart, func(stream.Record) error { return nil }, nil), &refused)
				require.Equal(t, "Read", refused.Right)
			}
			if user != "rcu-ingest" {
				require.ErrorIs(t, publish(user, stream.TopicMeasure), kafka.TopicAuthorizationFailed)
			}
		})
	}
}

// giveRights runs deploy/kafka/acls with the program of the broker's own jars.
func giveRights(t *testing.T, broker string) {
	t.Helper()
	libs, err := exec.CommandContext(t.Context(), filepath.Join(testkit.Root(t), "scripts", "kafka"), "fetch").Output()
	require.NoError(t, err)
	program := filepath.Join(t.TempDir(), "kafka-acls")
	text := fmt.Sprintf("#!/bin/sh\nexec java -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -cp '%s/*' org.apache.kafka.tools.AclCommand \"$@\"\n", strings.TrimSpace(string(libs)))
	require.NoError(t, os.WriteFile(program, []byte(text), 0o700))
	command := exec.CommandContext(t.Context(), filepath.Join(testkit.Root(t), "deploy", "kafka", "acls"), broker)
	command.Env = append(os.Environ(), "KAFKA_ACLS="+program)
	said, err := command.CombinedOutput()
	require.NoError(t, err, string(said))
}
