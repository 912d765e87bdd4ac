package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// process is one service, run as an operator would run it alone.
type process struct {
	stage string // what its processor time counts for
	admin string // host:port of its metrics; empty: it has none
	cmd   *exec.Cmd
	log   *os.File
	ended chan struct{} // closed when it has ended, with fault
	fault error
}

// start runs a program with its output in a file of dir.
func start(dir, stage, name, admin string, argv []string, env ...string) (*process, error) {
	log, err := os.Create(filepath.Join(dir, name+".log")) //nolint:gosec // a folder of ours
	if err != nil {
		return nil, fmt.Errorf("starting %s: %w", name, err)
	}
	cmd := exec.Command(argv[0], argv[1:]...) //nolint:gosec,noctx // our own programs; stop ends them
	cmd.Stdout, cmd.Stderr, cmd.SysProcAttr = log, log, attributes()
	cmd.Env = append(os.Environ(), env...)
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("starting %s: %w", name, errors.Join(err, log.Close()))
	}
	p := &process{stage: stage, admin: admin, cmd: cmd, log: log, ended: make(chan struct{})}
	go func() { p.fault = cmd.Wait(); close(p.ended) }()
	return p, nil
}

// ready waits until the service says that it can work.
func (p *process) ready(ctx context.Context) error {
	return poll(ctx, 50*time.Millisecond, func() (bool, error) {
		select {
		case <-p.ended:
			return false, fmt.Errorf("%s ended, see %s: %w", p.stage, p.log.Name(), errors.Join(errors.New("before it was ready"), p.fault))
		default:
		}
		_, err := get(ctx, "http://"+p.admin+"/readyz")
		return err == nil, nil
	})
}

// stop ends the service in order, and kills it when that takes long.
func (p *process) stop() {
	_ = p.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-p.ended:
	case <-time.After(15 * time.Second):
		_ = p.cmd.Process.Kill()
		<-p.ended
	}
	_ = p.log.Close()
}

// scrapes is how often metrics are asked for before they count as unreadable: a busy machine may not answer in time.
const scrapes = 5

// metric adds up the values of a metric whose labels contain all of the given texts.
func (p *process) metric(ctx context.Context, name string, labels ...string) (float64, error) {
	var raw []byte
	err := errors.New("never asked")
	for attempt := 0; err != nil && attempt < scrapes && ctx.Err() == nil; attempt++ {
		raw, err = get(ctx, "http://"+p.admin+"/metrics")
	}
	if err != nil {
		return 0, err
	}
	return sumMetric(bytes.NewReader(raw), name, labels)
}

func sumMetric(r io.Reader, name string, labels []string) (float64, error) {
	sum := 0.0
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, 1<<20)
next:
	for lines.Scan() {
		rest, ok := strings.CutPrefix(lines.Text(), name)
		if !ok || rest == "" || (rest[0] != '{' && rest[0] != ' ') {
			continue
		}
		for _, l := range labels {
			if !strings.Contains(rest, l) {
				continue next
			}
		}
		v, err := strconv.ParseFloat(rest[strings.LastIndexByte(rest, ' ')+1:], 64)
		if err != nil {
			return 0, fmt.Errorf("reading the metric %s: %w", name, err)
		}
		sum += v
	}
	return sum, lines.Err() //nolint:wrapcheck // of a reader in memory
}

// plain asks for nothing compressed: to compress its metrics would cost a service more than to count them.
var plain = &http.Client{Transport: &http.Transport{DisableCompression: true}}

// get returns the body of an answer with status 200.
func get(ctx context.Context, url string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return nil, fmt.Errorf("asking %s: %w", url, err)
	}
	resp, err := plain.Do(req)
	if err != nil {
		return nil, fmt.Errorf("asking %s: %w", url, err)
	}
	defer func() { _ = resp.Body.Close() }()
	raw, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode != http.StatusOK {
		err = errors.New(resp.Status)
	}
	if err != nil {
		return nil, fmt.Errorf("asking %s: %w", url, err)
	}
	return raw, nil
}

// poll asks until the answer is yes, an error, or the deadline.
func poll(ctx context.Context, every time.Duration, ask func() (bool, error)) error {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		ok, err := ask()
		if ok || err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err() //nolint:wrapcheck // the caller says what for
		case <-tick.C:
		}
	}
}
