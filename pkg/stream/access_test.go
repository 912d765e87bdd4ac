package stream_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rcu/pkg/embedded"
	"rcu/pkg/stream"
	"rcu/pkg/testkit"
)

const (
	user     = "rcu-app"
	password = "correct-horse-7"
)

var mechanisms = []string{"PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"}

// authority is one whose servers are brokers.
type authority struct {
	*testkit.Authority
	t *testing.T
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	return &authority{testkit.NewAuthority(t), t}
}

// server is the broker's side of TLS.
func (a *authority) server(name string, mutual bool) *tls.Config {
	a.t.Helper()
	pair, err := tls.LoadX509KeyPair(a.Path(name+".pem"), a.Path(name+".key"))
	require.NoError(a.t, err)
	out := &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{pair}}
	if mutual {
		out.ClientAuth, out.ClientCAs = tls.RequireAndVerifyClientCert, x509.NewCertPool()
		out.ClientCAs.AddCert(a.Certificate)
	}
	return out
}

func sasl(mechanism, secret string) stream.SASL {
	return stream.SASL{Mechanism: mechanism, Username: user, Password: secret}
}

// passes publishes and reads as a group: every kind of connection is used.
func passes(t *testing.T, cfg stream.Config) {
	t.Helper()
	cfg.Partitions = 4
	client, err := stream.Connect(cfg, stream.Deps{Log: quiet(t)})
	require.NoError(t, err)
	defer client.Close()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	require.NoError(t, client.Wait(ctx))
	r := &rig{t: t, suffix: testkit.Name(t, ""), client: client}
	topic := r.name("t")
	r.topics(topic)
	require.NoError(t, r.producer(stream.ProducerConfig{}).Publish(ctx, []stream.Record{rec(topic, "k", 1)}))
	s := newSink()
	_, stop := r.consume(stream.ConsumerConfig{Group: r.name("g"), Topics: []string{topic}}, s)
	eventually(t, "the record arrives", func() bool { return s.count() == 1 })
	require.NoError(t, stop())
}

// atOnce is a patience that is not needed: what cannot come is not waited for.
const atOnce = time.Hour

// refused checks that the error names the setting and the fix, and no secret.
func refused(t *testing.T, patience time.Duration, cfg stream.Config, setting, fix string) {
	t.Helper()
	client, err := stream.Connect(cfg, stream.Deps{Log: quiet(t)})
	require.NoError(t, err)
	defer client.Close()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	err = client.Wait(ctx)
	var access *stream.AccessError
	require.ErrorAs(t, err, &access)
	require.Equal(t, setting, access.Setting)
	require.ErrorContains(t, err, fix)
	require.NotContains(t, err.Error(), password)
}

func TestAccess_embeddedBroker(t *testing.T) {
	a := newAuthority(t)
	a.Issue("broker", time.Now().Add(time.Hour))
	a.Issue("app", time.Now().Add(time.Hour))
	open := func(t *testing.T, cfg embedded.KafkaConfig) string {
		t.Helper()
		for _, m := range mechanisms {
			if cfg.TLS == nil || cfg.TLS.ClientAuth == tls.NoClientCert {
				cfg.Users = append(cfg.Users, embedded.KafkaUser{Mechanism: m, Name: user, Password: password})
			}
		}
		b, err := embedded.OpenBroker(cfg)
		require.NoError(t, err)
		t.Cleanup(b.Close)
		return b.Addr()
	}
	access(t, a, open(t, embedded.KafkaConfig{TLS: a.server("broker", false)}), open(t, embedded.KafkaConfig{TLS: a.server("broker", true)}),
		open(t, embedded.KafkaConfig{}), time.Second)

	t.Run("expired certificate of the broker", func(t *testing.T) {
		a.Issue("old", time.Now().Add(-time.Hour))
		refused(t, atOnce, stream.Config{
			Brokers: []string{open(t, embedded.KafkaConfig{TLS: a.server("old", false)})}, TLS: stream.TLS{Enabled: true, CAFile: a.Path("ca.pem")},
			SASL: sasl("plain", password),
		}, "tls.ca_file", "renew it on the broker")
	})
	t.Run("sasl without tls", func(t *testing.T) {
		passes(t, stream.Config{Brokers: []string{open(t, embedded.KafkaConfig{})}, SASL: sasl("scram-sha-256", password)})
	})
}

// access tries a listener of SASL over TLS, and one of mutual TLS. Patience is
// how long a wrong password is tried: the embedded broker says nothing about it.
func access(t *testing.T, a *authority, saslAddr, mutualAddr, plainAddr string, patience time.Duration) {
	t.Helper()
	trusted := stream.TLS{Enabled: true, CAFile: a.Path("ca.pem")}
	for _, m := range mechanisms {
		cfg := stream.Config{Brokers: []string{saslAddr}, TLS: trusted, SASL: sasl(strings.ToLower(m), password)}
		t.Run(m, func(t *testing.T) { passes(t, cfg) })
		t.Run(m+", wrong password", func(t *testing.T) {
			cfg.SASL = sasl(strings.ToLower(m), "another one")
			refused(t, patience, cfg, "sasl.username, sasl.password", "check both")
		})
	}
	own := trusted
	own.CertFile, own.KeyFile = a.Path("app.pem"), a.Path("app.key")
	t.Run("mutual TLS", func(t *testing.T) { passes(t, stream.Config{Brokers: []string{mutualAddr}, TLS: own}) })
	t.Run("mutual TLS, without a certificate", func(t *testing.T) {
		refused(t, atOnce, stream.Config{Brokers: []string{mutualAddr}, TLS: trusted}, "tls.cert_file", "name it and its tls.key_file")
	})
	t.Run("mutual TLS, with one of another authority", func(t *testing.T) {
		other := newAuthority(t)
		other.Issue("app", time.Now().Add(time.Hour))
		foreign := trusted
		foreign.CertFile, foreign.KeyFile = other.Path("app.pem"), other.Path("app.key")
		refused(t, atOnce, stream.Config{Brokers: []string{mutualAddr}, TLS: foreign}, "tls.cert_file", "")
	})
	t.Run("unknown authority", func(t *testing.T) {
		other := newAuthority(t)
		refused(t, atOnce, stream.Config{
			Brokers: []string{saslAddr}, TLS: stream.TLS{Enabled: true, CAFile: other.Path("ca.pem")}, SASL: sasl("plain", password),
		}, "tls.ca_file", "add the certificate of the brokers' authority")
	})
	t.Run("without tls on a listener of tls", func(t *testing.T) {
		const fix = "wants TLS: set it to true"
		refused(t, atOnce, stream.Config{Brokers: []string{mutualAddr}}, "tls.enabled", fix)
		refused(t, atOnce, stream.Config{Brokers: []string{saslAddr}, SASL: sasl("scram-sha-512", password)}, "tls.enabled", fix)
		refused(t, atOnce, stream.Config{Brokers: []string{saslAddr}, SASL: sasl("plain", password)}, "tls.enabled", fix)
	})
	t.Run("tls on a listener without tls", func(t *testing.T) {
		const fix = "speaks no TLS: set it to false"
		refused(t, atOnce, stream.Config{Brokers: []string{plainAddr}, TLS: trusted}, "tls.enabled", fix)
		refused(t, atOnce, stream.Config{Brokers: []string{plainAddr}, TLS: trusted, SASL: sasl("scram-sha-512", password)}, "tls.enabled", fix)
	})
	t.Run("another name", func(t *testing.T) {
		named := trusted
		named.ServerName = "kafka.example"
		refused(t, atOnce, stream.Config{Brokers: []string{saslAddr}, TLS: named, SASL: sasl("plain", password)}, "tls.server_name", "set that name")
	})
}

func TestAccess_apacheKafka(t *testing.T) {
	testkit.Long(t)
	t.Parallel()
	a := newAuthority(t)
	a.Issue("broker", time.Now().Add(time.Hour))
	a.Issue("app", time.Now().Add(time.Hour))
	mutual, plain := testkit.FreePort(t), testkit.FreePort(t)
	properties := fmt.Sprintf(`
listeners=SASL_SSL://127.0.0.1:@PORT@,SSL://127.0.0.1:%d,PLAINTEXT://127.0.0.1:%d,CONTROLLER://127.0.0.1:@CONTROLLER@
inter.broker.listener.name=PLAINTEXT
ssl.keystore.type=PEM
ssl.keystore.location=%s
ssl.truststore.type=PEM
ssl.truststore.location=%s
listener.name.ssl.ssl.client.auth=required
sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-256,SCRAM-SHA-512
listener.name.sasl_ssl.plain.sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required user_%s="%s";
listener.name.sasl_ssl.scram-sha-256.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;
listener.name.sasl_ssl.scram-sha-512.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;
`, mutual, plain, a.Path("broker.both"), a.Path("ca.pem"), user, password)
	server := testkit.ApacheKafkaServer(t, embedded.ApacheKafkaConfig{Properties: properties, Users: fmt.Sprintf("[name=%s,password=%s]", user, password)})
	access(t, a, server.Addr(), fmt.Sprintf("127.0.0.1:%d", mutual), fmt.Sprintf("127.0.0.1:%d", plain), atOnce)
}
