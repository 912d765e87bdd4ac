// Package tools pins the programs that check the code. It is no member of the workspace, so that their dependencies take
// no part in ours. Install them with `GOBIN=$PWD/.bin GOWORK=off go -C scripts/tools install tool`.
package tools
