package embedded

import (
	"fmt"
	"os"
	"path/filepath"
)

// CacheDir is the folder that keeps what is fetched once: RCU_CACHE, default `rcu` in the user's cache folder.
func CacheDir() (string, error) {
	if dir := os.Getenv("RCU_CACHE"); dir != "" {
		return dir, nil
	}
	dir, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("finding the cache folder (set RCU_CACHE): %w", err)
	}
	return filepath.Join(dir, "rcu"), nil
}
