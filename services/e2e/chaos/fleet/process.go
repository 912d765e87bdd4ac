package fleet

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"runtime"
	"sync"
	"syscall"
	"time"
)

// again is the pause before a service that ended by itself is started again.
const again = 200 * time.Millisecond

// stopGrace is how long a service may take to stop in order.
const stopGrace = 15 * time.Second

// Process is one service. It is started again when it ends without being asked to.
type Process struct {
	name, kind, admin string
	argv, env         []string
	log               string
	told              func(name string, err error) // it ended by itself

	mu     sync.Mutex
	cmd    *exec.Cmd
	still  *exec.Cmd // the life that stands still
	wanted bool
	gone   chan struct{} // closed when nobody starts it any more
	deaths int
}

// Name is unique in a fleet.
func (p *Process) Name() string { return p.name }

// Kind is what it runs: resolver, sink, ingest-store ...
func (p *Process) Kind() string { return p.kind }

// Deaths is how often it ended without being asked to.
func (p *Process) Deaths() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.deaths
}

// Running reports whether the process is meant to run.
func (p *Process) Running() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.wanted
}

// Start starts it and returns at once.
func (p *Process) Start(context.Context) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.wanted {
		return nil
	}
	p.wanted, p.gone = true, make(chan struct{})
	started := make(chan error, 1)
	go p.keep(started, p.gone)
	if err := <-started; err != nil {
		p.wanted = false
		return fmt.Errorf("starting %s: %w", p.name, err)
	}
	return nil
}

// keep runs the process until nobody wants it any more. The kernel ties the end of a child to the thread that started it.
func (p *Process) keep(started chan<- error, gone chan struct{}) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	defer close(gone)
	cmd, err := p.run()
	p.cmd = cmd // Start holds the lock
	started <- err
	for err == nil {
		ended := cmd.Wait()
		p.mu.Lock()
		if !p.wanted {
			p.mu.Unlock()
			return
		}
		p.deaths++
		p.mu.Unlock()
		p.told(p.name, errors.Join(errEnded, ended))
		<-time.After(again)
		p.mu.Lock()
		if !p.wanted {
			p.mu.Unlock()
			return
		}
		cmd, err = p.run()
		p.cmd = cmd
		p.mu.Unlock()
	}
}

var errEnded = errors.New("it ended by itself")

func (p *Process) run() (*exec.Cmd, error) {
	log, err := os.OpenFile(p.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("opening a log: %w", err)
	}
	defer func() { _ = log.Close() }()
	cmd := exec.Command(p.argv[0], p.argv[1:]...) //nolint:gosec,noctx // our own program; Kill and Stop end it
	cmd.Stdout, cmd.Stderr, cmd.SysProcAttr, cmd.Env = log, log, attributes(), append(os.Environ(), p.env...)
	return cmd, cmd.Start()
}

// PID is the process id of its current life; 0 when it has none.
func (p *Process) PID() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.cmd == nil || p.cmd.Process == nil || !p.wanted {
		return 0
	}
	return p.cmd.Process.Pid
}

// Kill ends it at once and waits until it is gone.
func (p *Process) Kill() { p.end(syscall.SIGKILL, stopGrace) }

// Stop asks it to end in order, and kills it when that takes long.
func (p *Process) Stop() { p.end(syscall.SIGTERM, stopGrace) }

// Pause stops it without ending it. See Target.
func (p *Process) Pause() (wake func() bool, stopped bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	cmd := p.cmd
	if !p.wanted || cmd == p.still || cmd.Process.Signal(syscall.SIGSTOP) != nil {
		return nil, false
	}
	p.still = cmd
	return func() bool {
		p.mu.Lock()
		defer p.mu.Unlock()
		if p.still == cmd {
			p.still = nil
		}
		return p.wanted && p.cmd == cmd && cmd.Process.Signal(syscall.SIGCONT) == nil
	}, true
}

func (p *Process) end(signal syscall.Signal, grace time.Duration) {
	p.mu.Lock()
	if !p.wanted {
		p.mu.Unlock()
		return
	}
	p.wanted = false
	cmd, gone := p.cmd, p.gone
	p.mu.Unlock()
	_ = cmd.Process.Signal(signal)
	select {
	case <-gone:
	case <-time.After(grace):
		_ = cmd.Process.Kill()
		<-gone
	}
}

// Ready asks whether it can work.
func (p *Process) Ready(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+p.admin+"/readyz", http.NoBody)
	if err != nil {
		return fmt.Errorf("asking %s: %w", p.name, err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return fmt.Errorf("asking %s: %w", p.name, err)
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("asking %s: %w", p.name, errors.New(resp.Status))
	}
	return nil
}

// Admin is the host and port of its metrics.
func (p *Process) Admin() string { return p.admin }
