package embedded

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"syscall"
	"time"

	"rcu/pkg/telemetry"
)

// stopGrace is how long a child may take to stop by itself before it is killed.
const stopGrace = 10 * time.Second

// Server is one running child process that serves on a loopback address.
type Server struct {
	name  string
	addr  string
	dir   string
	cmd   *exec.Cmd
	alive *os.File // the child reads the other end: end of file tells it that its parent is gone
	done  chan struct{}
	err   error
	log   *telemetry.LogFile
}

// Addr is the host and port on which the server listens.
func (s *Server) Addr() string { return s.addr }

// Name is the server's name in messages: redis, kafka or clickhouse.
func (s *Server) Name() string { return s.name }

// Dir is the folder that holds the server's data and log.
func (s *Server) Dir() string { return s.dir }

// PID is the process id of the child.
func (s *Server) PID() int { return s.cmd.Process.Pid }

// Done is closed when the child has ended, whatever the reason.
func (s *Server) Done() <-chan struct{} { return s.done }

// Err tells why the child ended; nil while it runs and after an orderly stop.
func (s *Server) Err() error {
	select {
	case <-s.done:
		return s.err
	default:
		return nil
	}
}

// Kill ends the child at once, as a crash would (SIGKILL), and waits for it.
func (s *Server) Kill() {
	_ = s.cmd.Process.Kill()
	<-s.done
}

// Stop asks the child to stop and save its data; past the deadline of ctx (at most ten seconds) it is killed.
func (s *Server) Stop(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, stopGrace)
	defer cancel()
	_ = s.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-s.done:
		return nil
	case <-ctx.Done():
		s.Kill()
		return fmt.Errorf("stopping %s: killed after its deadline: %w", s.name, ctx.Err())
	}
}

// spec is what start needs to know of a child.
type spec struct {
	name   string
	addr   string
	dir    string    // its log lies here
	argv   []string  // program and arguments
	stdout io.Writer // nil: into the log as well
	tidies bool      // the child has something to do when its parent is gone: its life line alone tells it
}

// start runs the child. The goroutine that starts it keeps its OS thread for the child's whole life, because the
// kernel ties the parent-death signal to the thread, not to the process.
func start(sp spec) (*Server, error) {
	log, err := telemetry.OpenLogFile(filepath.Join(sp.dir, sp.name+".log"))
	if err != nil {
		return nil, err
	}
	childEnd, parentEnd, err := os.Pipe()
	if err != nil {
		_ = log.Close()
		return nil, fmt.Errorf("making the life line of %s: %w", sp.name, err)
	}
	cmd := exec.Command(sp.argv[0], sp.argv[1:]...) //nolint:gosec,noctx // our own program or redis-server; its life is bound to the process, not to a call
	cmd.Stderr = log
	cmd.Stdout = sp.stdout
	if sp.stdout == nil {
		cmd.Stdout = log
	}
	cmd.ExtraFiles = []*os.File{childEnd}
	cmd.SysProcAttr = childAttributes(!sp.tidies)
	cmd.WaitDelay = time.Second
	s := &Server{name: sp.name, addr: sp.addr, dir: sp.dir, cmd: cmd, alive: parentEnd, done: make(chan struct{}), log: log}
	started := make(chan error, 1)
	go s.supervise(started)
	err = <-started
	_ = childEnd.Close()
	if err != nil {
		_ = parentEnd.Close()
		_ = log.Close()
		return nil, fmt.Errorf("starting %s: %w", sp.name, err)
	}
	return s, nil
}

func (s *Server) supervise(started chan<- error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if err := s.cmd.Start(); err != nil {
		started <- err
		return
	}
	started <- nil
	if err := s.cmd.Wait(); err != nil {
		s.err = fmt.Errorf("%s ended: %w (%s)", s.name, err, s.log.LastLine())
	}
	_ = s.alive.Close()
	_ = s.log.Close()
	close(s.done)
}

// awaitReady polls check until it succeeds, the child ends, or ctx is done; a child that is not ready is killed.
func (s *Server) awaitReady(ctx context.Context, check func(context.Context) error) error {
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		err := check(ctx)
		if err == nil {
			return nil
		}
		if errors.Is(err, errForeign) {
			s.Kill()
			return err
		}
		select {
		case <-s.done:
			if s.err != nil {
				return s.err
			}
			return fmt.Errorf("%s ended before it was ready (%s)", s.name, s.log.LastLine())
		case <-ctx.Done():
			s.Kill()
			return fmt.Errorf("waiting for %s to answer on %s: %w", s.name, s.addr, err)
		case <-tick.C:
		}
	}
}

// errForeign says that another program answers on the address of a child.
var errForeign = errors.New("another program answers there")
