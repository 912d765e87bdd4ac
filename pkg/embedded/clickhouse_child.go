package embedded

import (
	"errors"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"syscall"

	"github.com/ebitengine/purego"
)

// clickhouseSpec is what the child reads from its file.
type clickhouseSpec struct {
	Library string   `json:"library"`
	Args    []string `json:"args"`
	Remove  string   `json:"remove"` // folder to remove when the parent is gone
}

// runClickHouse is the child: it loads the engine and never returns while the engine serves. A stop ends the process
// at once: every acknowledged insert is with the kernel already, as after kill -9.
func runClickHouse(file string) error {
	var sp clickhouseSpec
	if err := readSpec(file, &sp); err != nil {
		return err
	}
	go endWhenAsked(sp.Remove)
	library, err := purego.Dlopen(sp.Library, purego.RTLD_NOW|purego.RTLD_GLOBAL)
	if err != nil {
		return fmt.Errorf("loading the ClickHouse engine: %w", err)
	}
	var query func(argc int, argv **byte) uintptr
	purego.RegisterLibFunc(&query, library, "chdb_query_cmdline")
	var problem func(result uintptr) string
	purego.RegisterLibFunc(&problem, library, "chdb_result_error")
	argv := make([]*byte, 0, len(sp.Args)+1)
	for _, arg := range sp.Args {
		argv = append(argv, cString(arg))
	}
	argv = append(argv, nil)
	result := query(len(sp.Args), &argv[0])
	runtime.KeepAlive(argv)
	if result == 0 {
		return errors.New("the ClickHouse engine ended without a word")
	}
	return fmt.Errorf("the ClickHouse engine ended: %s", problem(result))
}

func endWhenAsked(remove string) {
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM, syscall.SIGINT)
	select {
	case <-stop:
	case <-parentGone():
	}
	if remove != "" {
		_ = os.RemoveAll(remove)
	}
	os.Exit(0)
}

func cString(s string) *byte {
	b := append([]byte(s), 0)
	return &b[0]
}
