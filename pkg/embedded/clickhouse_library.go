//go:build !noengine

package embedded

import (
	"errors"
	"fmt"
	"runtime"

	"github.com/ebitengine/purego"
)

// serveEngine loads the engine into this process and lets it serve; it comes back with an error alone. A program that loads a
// library needs the system's loader: one that must start without it is built with the tag noengine.
func serveEngine(sp clickhouseSpec) error {
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

func cString(s string) *byte {
	b := append([]byte(s), 0)
	return &b[0]
}
