//go:build noengine

package embedded

import "errors"

// serveEngine refuses: this program is static, so that it starts on a system without a loader, and cannot load a library.
func serveEngine(clickhouseSpec) error {
	return errors.New("this build has no ClickHouse engine: run a ClickHouse server and give --clickhouse URL")
}
