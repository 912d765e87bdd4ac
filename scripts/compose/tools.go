// Package compose pins the version of Docker Compose that scripts/docker builds where there is none. It is no member of the
// workspace, so that its dependencies take no part in ours.
package compose
