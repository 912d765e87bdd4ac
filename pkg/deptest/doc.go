// Package deptest holds the layers of the repository by a test: who may import whom, how long a file may be, and that
// every package says what it owns. It has no code of its own.
//
// The linter holds the same layers (depguard in .golangci.yml) for the editor; this test holds them where no linter
// is installed.
package deptest
