package testkit

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"rcu/pkg/embedded"
)

var child struct {
	once sync.Once
	path string
	err  string
}

// Child gives the small program that runs as the child of embedded servers: built once per test binary, without the
// race detector, whatever the test binary was built with.
func Child(t testing.TB) embedded.Child {
	t.Helper()
	child.once.Do(func() { child.path, child.err = buildChild(Root(t)) })
	if child.err != "" {
		t.Fatalf("testkit: building the child program: %s", child.err)
	}
	return embedded.Child{Program: child.path}
}

// buildChild builds into the cache folder under a name of this process and then renames it, so that test binaries
// that run at the same time never see half a program. It begins with the one that is there: where nothing changed, go links nothing.
func buildChild(root string) (path, problem string) {
	cache, err := embedded.CacheDir()
	if err != nil {
		return "", err.Error()
	}
	dir := filepath.Join(cache, "test")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", err.Error()
	}
	tmp, err := os.MkdirTemp(dir, "build-*")
	if err != nil {
		return "", err.Error()
	}
	defer func() { _ = os.RemoveAll(tmp) }()
	built := filepath.Join(tmp, "rcuchild")
	path = filepath.Join(dir, fmt.Sprintf("rcuchild-%x", sha256.Sum256([]byte(root)))[:17]) // one a checkout
	if err := os.Link(path, built); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", err.Error()
	}
	cmd := exec.Command("go", "build", "-o", built, "./embedded/rcuchild") //nolint:noctx // fixed arguments
	cmd.Dir = filepath.Join(root, "pkg")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOWORK=off", "GOFLAGS=-buildvcs=false")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", err.Error() + ": " + strings.TrimSpace(string(out))
	}
	if err := os.Rename(built, path); err != nil {
		return "", err.Error()
	}
	return path, ""
}
