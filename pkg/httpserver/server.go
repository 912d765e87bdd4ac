package httpserver

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net"
	"net/http"
	"sync"
	"sync/atomic"

	"go.uber.org/zap"
)

// Server is one listener with its handler.
type Server struct {
	cfg      Config
	log      *zap.Logger
	http     *http.Server
	mu       sync.Mutex
	listener net.Listener
	stopping atomic.Bool
}

// New returns a server; it opens nothing before Listen or Run.
func New(cfg Config, handler http.Handler, logger *zap.Logger) (*Server, error) {
	if err := cfg.Validate(); err != nil {
		return nil, fmt.Errorf("reading the http settings: %w", err)
	}
	if handler == nil || logger == nil {
		return nil, errors.New("http server needs a handler and a logger")
	}
	s := &Server{cfg: cfg, log: logger}
	s.http = &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: cfg.ReadHeaderTimeout,
		ReadTimeout:       cfg.ReadTimeout,
		WriteTimeout:      cfg.WriteTimeout,
		IdleTimeout:       cfg.IdleTimeout,
		MaxHeaderBytes:    cfg.MaxHeaderBytes,
		ErrorLog:          log.New(notices{logger}, "", 0),
	}
	return s, nil
}

// notices takes what net/http wants to say. Its texts hold remote addresses and pieces of requests, so only the fact is logged.
type notices struct{ log *zap.Logger }

func (n notices) Write(p []byte) (int, error) {
	n.log.Debug("http connection ended badly")
	return len(p), nil
}

// Listen opens the port. Run calls it when it was not called before.
func (s *Server) Listen(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.listener != nil {
		return nil
	}
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", s.cfg.Addr)
	if err != nil {
		return fmt.Errorf("listening on %s: %w", s.cfg.Addr, err)
	}
	s.listener = limitConnections(l, s.cfg.MaxConnections)
	return nil
}

// Addr is the address listened on; empty before Listen.
func (s *Server) Addr() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.listener == nil {
		return ""
	}
	return s.listener.Addr().String()
}

// Ready is nil while the server takes requests.
func (s *Server) Ready() error {
	if s.stopping.Load() {
		return errors.New("stopping")
	}
	if s.Addr() == "" {
		return errors.New("not listening")
	}
	return nil
}

// Leave makes Ready say that the server stops, while it goes on serving: a load balancer turns away before Run is asked to end.
func (s *Server) Leave() { s.stopping.Store(true) }

// Run serves until ctx ends, then stops in order: not ready, no new connections, requests under way
// finish within StopTimeout, the rest is cut.
func (s *Server) Run(ctx context.Context) error {
	if err := s.Listen(ctx); err != nil {
		return err
	}
	s.http.BaseContext = func(net.Listener) context.Context { return context.WithoutCancel(ctx) }
	served := make(chan error, 1)
	go func() { served <- s.http.Serve(s.listener) }()
	s.log.Info("http server listening", zap.String("addr", s.Addr()))
	select {
	case err := <-served:
		return fmt.Errorf("serving http: %w", err)
	case <-ctx.Done():
	}
	return s.stop(ctx, served)
}

func (s *Server) stop(ctx context.Context, served <-chan error) error {
	s.stopping.Store(true)
	drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.cfg.StopTimeout)
	defer cancel()
	err := s.http.Shutdown(drain)
	if err != nil {
		err = errors.Join(fmt.Errorf("stopping the http server: %w", err), s.http.Close())
	}
	if e := <-served; !errors.Is(e, http.ErrServerClosed) {
		err = errors.Join(err, e)
	}
	s.log.Info("http server stopped")
	return err
}
