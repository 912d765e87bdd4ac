package event

import (
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"time"

	"rcu/pkg/event/registry"
	"rcu/pkg/identifier"
	eventpb "rcu/schemas/event"
)

// MaxBytes is the size of the largest event.
const MaxBytes = 32 << 10

// Decoder reads events of every channel. It is safe for concurrent use.
type Decoder struct {
	contract *contract
	registry *registry.Registry
	sealed   []bool              // by name: a trait that is sealed
	texts    map[string][]sealed // by contract: personal texts of its data
}

// sealed is the path of a personal text inside data.
type sealed struct {
	path []uint16
	name string
}

// NewDecoder compiles the contracts: schema files under `channel`, and registry.yaml.
func NewDecoder(files fs.FS) (*Decoder, error) {
	c, err := compile(files)
	if err != nil {
		return nil, err
	}
	r, err := registry.Load(files)
	if err != nil {
		return nil, err
	}
	d := &Decoder{contract: c, registry: r, sealed: make([]bool, len(c.names.texts)), texts: map[string][]sealed{}}
	for name, f := range r.Traits {
		id, ok := c.names.ids[name]
		if !ok {
			return nil, fmt.Errorf("registry.yaml: trait %q is in no contract", name)
		}
		d.sealed[id] = f.Sensitivity.Sealed()
	}
	for contract, fields := range r.Fields {
		for path, f := range fields {
			if rest, ok := strings.CutPrefix(path, "data."); ok && f.Sensitivity.Sealed() {
				d.texts[contract] = append(d.texts[contract], c.sealed(rest))
			}
		}
		slices.SortFunc(d.texts[contract], func(a, b sealed) int { return strings.Compare(a.name, b.name) })
	}
	return d, nil
}

// Recipients lists the registered recipients of a purpose that names one.
func (d *Decoder) Recipients(purpose string) []string { return d.registry.Purposes[purpose].Recipients }

func (c *contract) sealed(path string) sealed {
	s := sealed{name: path}
	for name := range strings.SplitSeq(path, ".") {
		s.path = append(s.path, c.names.ids[name])
	}
	return s
}

// Decode reads one event. Exactly one of the two results is nil. The bytes are not kept; the origin is, and is only read.
func (d *Decoder) Decode(raw []byte, o *Origin, receivedAt time.Time) (*Draft, *Rejection) {
	if len(raw) > MaxBytes {
		return nil, d.reject(raw, nil, &problem{"", ReasonTooLarge, fmt.Sprintf("send at most %d bytes an event", MaxBytes)})
	}
	t := trees.Get().(*tree) //nolint:errcheck // the pool holds nothing else
	defer t.free()
	if p := scan(string(raw), d.contract.names, t); p != nil {
		return nil, d.reject(raw, t, p)
	}
	if p := d.contract.secret(t); p != nil {
		return nil, d.reject(raw, t, p)
	}
	check := checker{tree: t, names: d.contract.names}
	where, p := d.conform(&check, o.Channel)
	if p != nil {
		return nil, d.reject(raw, t, p)
	}
	r := reader{tree: t, decoder: d, origin: o, contract: where, received: receivedAt.UnixMicro()}
	draft, p := r.draft()
	if p != nil {
		return nil, d.reject(raw, t, p)
	}
	for _, x := range check.dropped {
		draft.dropped = count(draft.dropped, x.At, x.Count)
	}
	return draft, nil
}

// conform checks the event against the schema of its type and returns the name of that contract.
func (d *Decoder) conform(c *checker, channel eventpb.Channel) (string, *problem) {
	root := &c.tree.nodes[0]
	if root.kind != kindObject {
		return "", &problem{"", ReasonWrongType, "send a JSON object"}
	}
	typ := c.tree.get(root, nType)
	switch {
	case typ == nil:
		return "", &problem{"/type", ReasonRequired, "send the field `type`"}
	case typ.kind != kindString:
		return "", &problem{"/type", ReasonWrongType, "send a string: one of " + d.contract.listed(ChannelName(channel))}
	}
	for _, folder := range [...]string{ChannelName(channel), commonFolder} {
		if r := d.contract.types[folder][typ.text]; r != nil {
			return folder + "/" + typ.text, c.check(root, r)
		}
	}
	for _, folder := range sortedNames {
		if d.contract.types[folder][typ.text] != nil {
			return "", &problem{"/type", ReasonOtherChannel, "this type is of channel " + folder + ": send it to that channel's address with a key of such a source; here: " + d.contract.listed(ChannelName(channel))}
		}
	}
	return "", &problem{"/type", ReasonUnknownType, "send one of " + d.contract.listed(ChannelName(channel))}
}

var sortedNames = [...]string{"store", "web", "mobile", "callcentre"}

func (d *Decoder) known(typ string) bool {
	for _, types := range d.contract.types {
		if types[typ] != nil {
			return true
		}
	}
	return false
}

// listed names the types of a channel.
func (c *contract) listed(channel string) string {
	var out []string
	for _, folder := range [...]string{channel, commonFolder} {
		for name := range c.types[folder] {
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return strings.Join(out, ", ")
}

// reject makes the rejection of a problem. What it names of the event (id, type) is read from as much of it as was parsed.
func (d *Decoder) reject(raw []byte, t *tree, p *problem) *Rejection {
	r := &Rejection{Field: p.field, Reason: p.reason, Fix: p.fix}
	r.Redacted, _ = Redact(raw)
	if t == nil || len(t.nodes) == 0 {
		return r
	}
	if id := t.get(&t.nodes[0], nID); id != nil && id.kind == kindString && len(id.text) <= maxID && identifier.FindSecret(id.text, 0).Kind == identifier.NoSecret {
		r.ID = id.text
	}
	if typ := t.get(&t.nodes[0], nType); typ != nil && d.known(typ.text) {
		r.Type = typ.text
	}
	return r
}
