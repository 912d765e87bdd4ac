package boot

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"syscall"
)

// nicest is the lowest priority that a process may have.
const nicest = 19

// yield gives all threads of this process the lowest priority; those that they start have it too. The second pass is for threads that were
// started in the first one by others that it had not come to.
func yield() error {
	for range 2 {
		threads, err := os.ReadDir("/proc/self/task")
		if err != nil {
			return fmt.Errorf("listing threads: %w", err)
		}
		for _, t := range threads {
			id, err := strconv.Atoi(t.Name())
			if err != nil {
				return fmt.Errorf("listing threads: %w", err)
			}
			if err := syscall.Setpriority(syscall.PRIO_PROCESS, id, nicest); err != nil && !errors.Is(err, syscall.ESRCH) {
				return fmt.Errorf("setting a priority: %w", err)
			}
		}
	}
	return nil
}
