package testkit

import (
	"os"
	"path/filepath"
	"runtime"
	"testing"
)

// Data gives a path inside the folder of real files: RCU_DATA, default ../shared/data beside the repository.
func Data(t testing.TB, elem ...string) string {
	t.Helper()
	root := os.Getenv("RCU_DATA")
	if root == "" {
		root = filepath.Join(filepath.Dir(Root(t)), "shared", "data")
	}
	path := filepath.Join(append([]string{root}, elem...)...)
	if _, err := os.Stat(path); err != nil {
		Missing(t, BackendData, "set RCU_DATA to the folder of real files: "+err.Error())
	}
	ran(t, BackendData, "folder")
	return path
}

// Root is the root folder of the repository, found from this file.
func Root(t testing.TB) string {
	t.Helper()
	_, file, _, ok := runtime.Caller(0)
	if !ok {
		t.Fatal("testkit: the repository's folder is not known: built with -trimpath?")
	}
	return filepath.Dir(filepath.Dir(filepath.Dir(file)))
}
