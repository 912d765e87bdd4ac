package identifier

import (
	"fmt"
	"log/slog"
)

// Redacted is what a Value prints.
const Redacted = "[redacted]"

// Value is a plain identifier value or other personal text. However it is printed, it prints Redacted; only Reveal gives it.
type Value struct{ plain string }

// Plain wraps a plain text.
func Plain(s string) Value { return Value{s} }

// Reveal returns the plain text. Callers seal or pseudonymise it.
func (v Value) Reveal() string { return v.plain }

// String implements fmt.Stringer.
func (Value) String() string { return Redacted }

// GoString implements fmt.GoStringer.
func (Value) GoString() string { return Redacted }

// Format implements fmt.Formatter, so that no verb prints the text.
func (Value) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(Redacted)) }

// MarshalText implements encoding.TextMarshaler (JSON, YAML).
func (Value) MarshalText() ([]byte, error) { return []byte(Redacted), nil }

// LogValue implements slog.LogValuer.
func (Value) LogValue() slog.Value { return slog.StringValue(Redacted) }
