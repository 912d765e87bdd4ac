package embedded

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
)

// KafkaConfig says where the embedded broker keeps its data, listens, and which topics it begins with.
type KafkaConfig struct {
	Dir        string   // its own folder, made if missing
	Port       int      // 0: a free port
	Topics     []string // made at start if missing
	Partitions int      // of Topics; default 4
	Advertise  string   // host:port that clients are told, where they reach the broker through a proxy; default: its own
	Child      Child    // how to run the child; default: this program

	// TLS and Users close a broker of OpenBroker; a child listens on the loopback address alone and is open.
	TLS   *tls.Config
	Users []KafkaUser
}

// KafkaUser is who may log in to a broker by SASL.
type KafkaUser struct {
	Mechanism string // PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512
	Name      string
	Password  string //nolint:gosec // of a test's broker; written nowhere
}

// kafkaSpec is what the child reads from its file.
type kafkaSpec struct {
	Dir        string   `json:"dir"`
	Port       int      `json:"port"`
	Topics     []string `json:"topics"`
	Partitions int      `json:"partitions"`
	Advertise  string   `json:"advertise,omitempty"`

	tls *tls.Config // of a broker inside this process
}

const readyLine = "ready"

// StartKafka runs the embedded broker as a child process of this program.
func StartKafka(ctx context.Context, cfg KafkaConfig) (*Server, error) {
	dir, err := filepath.Abs(cfg.Dir)
	if err != nil {
		return nil, fmt.Errorf("finding the folder of kafka: %w", err)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("making the folder of kafka: %w", err)
	}
	addr, port, err := loopback(ctx, "kafka", cfg.Port)
	if err != nil {
		return nil, err
	}
	argv, err := cfg.Child.command("kafka", filepath.Join(dir, "child.json"),
		kafkaSpec{Dir: filepath.Join(dir, "data"), Port: port, Topics: cfg.Topics, Partitions: cfg.Partitions, Advertise: cfg.Advertise})
	if err != nil {
		return nil, err
	}
	said, say := io.Pipe()
	ready := make(chan struct{})
	go watchReady(said, ready)
	s, err := start(spec{name: "kafka", addr: addr, dir: dir, argv: argv, stdout: say})
	if err != nil {
		_ = say.Close()
		return nil, err
	}
	go func() { <-s.done; _ = say.Close() }()
	wait, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	err = s.awaitReady(wait, func(context.Context) error {
		select {
		case <-ready:
			return nil
		default:
			return errors.New("not ready yet")
		}
	})
	if err != nil {
		return nil, err
	}
	return s, nil
}

// watchReady closes ready at the child's ready line and drains what it says after that.
func watchReady(r io.Reader, ready chan<- struct{}) {
	lines := bufio.NewScanner(r)
	told := false
	for lines.Scan() {
		if !told && strings.TrimSpace(lines.Text()) == readyLine {
			told = true
			close(ready)
		}
	}
	_, _ = io.Copy(io.Discard, r)
}

// Broker is an embedded broker inside this process; the tests use it.
type Broker struct{ cluster *kfake.Cluster }

// OpenBroker starts a broker in this process. An empty Dir keeps everything in memory.
func OpenBroker(cfg KafkaConfig) (*Broker, error) {
	var access []kfake.Opt
	for _, u := range cfg.Users {
		access = append(access, kfake.EnableSASL(), kfake.Superuser(u.Mechanism, u.Name, u.Password))
	}
	return openBroker(kafkaSpec{Dir: cfg.Dir, Port: cfg.Port, Topics: cfg.Topics, Partitions: cfg.Partitions, Advertise: cfg.Advertise, tls: cfg.TLS}, io.Discard, access...)
}

// Addr is the broker's host and port.
func (b *Broker) Addr() string { return b.cluster.ListenAddrs()[0] }

// Cluster gives tests the fault injection of the broker.
func (b *Broker) Cluster() *kfake.Cluster { return b.cluster }

// Close stops the broker after it saved its state.
func (b *Broker) Close() { b.cluster.Close() }

func openBroker(sp kafkaSpec, log io.Writer, access ...kfake.Opt) (*Broker, error) {
	if sp.Partitions == 0 {
		sp.Partitions = 4
	}
	opts := []kfake.Opt{
		kfake.NumBrokers(1), kfake.Ports(sp.Port), kfake.ClusterID("rcu-embedded"),
		kfake.DefaultNumPartitions(sp.Partitions),
		kfake.GroupMinSessionTimeout(100 * time.Millisecond),
		kfake.WithLogger(kfake.BasicLogger(log, kfake.LogLevelWarn)),
		kfake.ListenFn(sp.listen),
	}
	opts = append(opts, access...)
	if sp.Dir != "" {
		opts = append(opts, kfake.DataDir(sp.Dir))
	}
	if len(sp.Topics) > 0 {
		opts = append(opts, kfake.SeedTopics(int32(sp.Partitions), sp.Topics...)) //nolint:gosec // a partition count is small
	}
	cluster, err := kfake.NewCluster(opts...)
	if err != nil {
		return nil, fmt.Errorf("starting the embedded broker: %w", err)
	}
	if sp.Dir != "" {
		watchRoom(cluster, sp.Dir)
	}
	return &Broker{cluster: cluster}, nil
}

// advertised is a listener that says it listens elsewhere: the broker tells its clients the address of its listener.
type advertised struct {
	net.Listener
	addr net.Addr
}

// Addr is the address that clients are told.
func (l advertised) Addr() net.Addr { return l.addr }

// listen listens as the broker asks and as its spec says. The broker's own TLS would lie around what the listener has to read, so it is begun here.
func (sp kafkaSpec) listen(network, address string) (net.Listener, error) {
	l, err := net.Listen(network, address) //nolint:noctx // its life is that of the broker
	if err != nil {
		return nil, fmt.Errorf("listening: %w", err)
	}
	if sp.Advertise != "" {
		tcp, err := net.ResolveTCPAddr("tcp", sp.Advertise)
		if err != nil {
			_ = l.Close()
			return nil, fmt.Errorf("reading the address to advertise: %w", err)
		}
		l = advertised{l, tcp}
	}
	if sp.tls != nil {
		l = tls.NewListener(l, sp.tls)
	}
	return groupListener{l, newKeeper()}, nil
}

// runKafka is the child: it serves until it is told to stop or its parent is gone.
func runKafka(file string, stdout, stderr io.Writer) error {
	var sp kafkaSpec
	if err := readSpec(file, &sp); err != nil {
		return err
	}
	if err := os.MkdirAll(sp.Dir, 0o700); err != nil {
		return fmt.Errorf("making the broker's folder: %w", err)
	}
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM, syscall.SIGINT)
	broker, err := openBroker(sp, stderr)
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintln(stdout, readyLine); err != nil {
		return fmt.Errorf("telling that the broker is ready: %w", err)
	}
	select {
	case <-stop:
	case <-parentGone():
	}
	broker.Close()
	return nil
}
