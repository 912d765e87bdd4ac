package boot

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime/pprof"
)

// profileFolder is the environment variable that names a folder for profiles.
const profileFolder = "RCU_PROFILE"

// Profiled does the work of a process. Where RCU_PROFILE names a folder, it leaves there where the processor time went, as NAME-PID.cpu.pprof, and
// who asked for memory, as NAME-PID.allocs.pprof. Both name functions and lines of the program and hold no data.
func (io IO) Profiled(name string, work func() error) (err error) {
	folder := io.Getenv(profileFolder)
	if folder == "" {
		return work()
	}
	path := filepath.Join(folder, fmt.Sprintf("%s-%d", name, os.Getpid()))
	cpu, err := os.OpenFile(path+".cpu.pprof", os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600) //nolint:gosec // the operator's folder
	if err != nil {
		return fmt.Errorf("making a profile: %w", err)
	}
	if err := pprof.StartCPUProfile(cpu); err != nil {
		return fmt.Errorf("making a profile: %w", errors.Join(err, cpu.Close()))
	}
	defer func() {
		pprof.StopCPUProfile()
		err = errors.Join(err, cpu.Close(), leaveAllocs(path+".allocs.pprof"))
	}()
	return work()
}

// leaveAllocs writes who asked for memory since the program began.
func leaveAllocs(path string) error {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600) //nolint:gosec // the operator's folder
	if err != nil {
		return fmt.Errorf("making a profile of memory: %w", err)
	}
	return errors.Join(pprof.Lookup("allocs").WriteTo(file, 0), file.Close())
}
