package event

import eventpb "rcu/schemas/event"

// Conforms reads an event as far as its schema says; nil when it conforms.
func (d *Decoder) Conforms(raw []byte, channel eventpb.Channel) *Rejection {
	t := trees.Get().(*tree)
	defer t.free()
	if p := scan(string(raw), d.contract.names, t); p != nil {
		return d.reject(raw, t, p)
	}
	if _, p := d.conform(&checker{tree: t, names: d.contract.names}, channel); p != nil {
		return d.reject(raw, t, p)
	}
	return nil
}

// Scan reads a JSON text strictly and returns the reason for which it is refused, or empty, and the hash of its content.
func (d *Decoder) Scan(raw string) (Reason, uint64) {
	t := trees.Get().(*tree)
	defer t.free()
	if p := scan(raw, d.contract.names, t); p != nil {
		return p.reason, 0
	}
	return "", t.hash
}

// ParseTime exposes the parser of times.
var ParseTime = parseTime

// ParseInteger exposes the parser of whole numbers.
var ParseInteger = parseInteger
