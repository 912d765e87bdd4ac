package fleet

import (
	"context"
	"fmt"
	"sync"
	"syscall"

	"rcu/pkg/embedded"
)

// running is one life of a server.
type running interface {
	Kill()
	PID() int
	Done() <-chan struct{}
	Err() error
}

// Server is a server that can be killed and started again on the same data and port.
type Server struct {
	name  string
	addr  string // its own, not that of its proxy
	start func(ctx context.Context) (running, error)

	mu    sync.Mutex
	life  running
	still running // the life that stands still
}

// Names of servers.
const (
	Kafka      = "kafka"
	Redis      = "redis"
	ClickHouse = "clickhouse"
)

// ServerNames lists the servers.
func ServerNames() []string { return []string{Kafka, Redis, ClickHouse} }

// Name is Kafka, Redis or ClickHouse.
func (s *Server) Name() string { return s.name }

// Kind is its name.
func (s *Server) Kind() string { return s.name }

// Addr is the host and port of the server itself.
func (s *Server) Addr() string { return s.addr }

// Start starts it and waits until it answers.
func (s *Server) Start(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.life != nil {
		return nil
	}
	life, err := s.start(ctx)
	if err != nil {
		return fmt.Errorf("starting %s: %w", s.name, err)
	}
	s.life = life
	return nil
}

// Kill ends it at once.
func (s *Server) Kill() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.life != nil {
		s.life.Kill()
		s.life = nil
	}
}

// Pause stops it without ending it. See Target.
func (s *Server) Pause() (wake func() bool, stopped bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	life := s.life
	if life == nil || life == s.still || syscall.Kill(life.PID(), syscall.SIGSTOP) != nil {
		return nil, false
	}
	s.still = life
	return func() bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.still == life {
			s.still = nil
		}
		return s.life == life && syscall.Kill(life.PID(), syscall.SIGCONT) == nil
	}, true
}

// PID is the process id of its current life; 0 when it has none.
func (s *Server) PID() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.life == nil {
		return 0
	}
	return s.life.PID()
}

// Ready tells of a server that ended by itself.
func (s *Server) Ready(context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.life == nil {
		return fmt.Errorf("%s: %w", s.name, errDown)
	}
	select {
	case <-s.life.Done():
		return fmt.Errorf("%s: %w: %w", s.name, errEnded, s.life.Err())
	default:
		return nil
	}
}

// servers prepares the three servers and the proxies before them; nothing runs yet.
func (f *Fleet) servers(ctx context.Context) error {
	numbers := map[string]int{} // ports of the servers
	for _, name := range [...]string{Kafka, Redis, ClickHouse} {
		own, err := embedded.FreePort(ctx)
		if err != nil {
			return err
		}
		before, err := embedded.FreePort(ctx)
		if err != nil {
			return err
		}
		numbers[name] = own
		proxy, err := OpenProxy(ctx, loopback(before), loopback(own))
		if err != nil {
			return err
		}
		f.proxies[name] = proxy
	}
	add := func(name string, start func(ctx context.Context) (running, error)) {
		s := &Server{name: name, addr: loopback(numbers[name]), start: start}
		f.Servers = append(f.Servers, s)
	}
	child := embedded.Child{Program: f.cfg.Program, Args: []string{"internal"}}
	add(Redis, func(ctx context.Context) (running, error) {
		return embedded.StartRedis(ctx, embedded.RedisConfig{Dir: f.path(Redis), Port: numbers[Redis]})
	})
	add(Kafka, f.broker(numbers[Kafka], child))
	add(ClickHouse, func(ctx context.Context) (running, error) {
		c, err := embedded.StartClickHouse(ctx, embedded.ClickHouseConfig{Dir: f.path(ClickHouse), Port: numbers[ClickHouse], Child: child})
		if err == nil {
			f.clickHouse.Store(c)
		}
		return c, err
	})
	return nil
}

// broker is the embedded one, or a node of Apache Kafka. Both tell their clients the address of the proxy.
func (f *Fleet) broker(port int, child embedded.Child) func(ctx context.Context) (running, error) {
	told := f.proxies[Kafka].Addr()
	if f.cfg.Apache == "" {
		cfg := embedded.KafkaConfig{Dir: f.path(Kafka), Port: port, Advertise: told, Child: child}
		return func(ctx context.Context) (running, error) { return embedded.StartKafka(ctx, cfg) }
	}
	cfg := embedded.ApacheKafkaConfig{
		Script: f.cfg.Apache, Dir: f.path(Kafka), Port: port,
		Properties: "advertised.listeners=PLAINTEXT://" + told + "\ngroup.min.session.timeout.ms=500\n",
	}
	return func(ctx context.Context) (running, error) { return embedded.StartApacheKafka(ctx, cfg) }
}
