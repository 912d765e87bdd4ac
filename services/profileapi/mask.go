package profileapi

import (
	"rcu/pkg/identifier"
	"rcu/services/internal/reveal"
)

// show returns a personal value as clearly as a role may see it; empty = not sent.
func show(c clarity, ns identifier.Namespace, value string) string {
	switch c {
	case plain:
		return value
	case masked:
		return reveal.Mask(ns, value)
	default:
		return ""
	}
}
