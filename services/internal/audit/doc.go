// Package audit writes what people read and did to rcu.audit, as a chain of digests.
package audit
