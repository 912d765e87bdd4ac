package event

import (
	"strconv"
	"strings"

	"rcu/pkg/identifier"
)

const (
	minSecretDigits = 13 // the shortest payment card number
	minIBANDigits   = 6  // fewer than any IBAN has
)

// secret is a payment card number or an IBAN somewhere in an event. Its node tells where; -1: in the name of a member.
type secret struct {
	node  int
	kind  identifier.Secret
	short bool // thirteen or fourteen digits
	alone bool // the whole text
}

// note keeps the secrets of a text.
func (s *scanner) note(self int, text string) {
	for from := 0; ; {
		f := identifier.FindSecret(text, from)
		if f.Kind == identifier.NoSecret {
			return
		}
		from = f.End
		s.tree.secrets = append(s.tree.secrets, secret{self, f.Kind, f.End-f.Start <= 14, f.Start == 0 && f.End == len(text)})
	}
}

// secret returns the problem of the first secret of the event that no field excuses.
func (c *contract) secret(t *tree) *problem {
	for _, s := range t.secrets {
		field, excused := "/"+unnamed, false
		if s.node >= 0 {
			field, excused = c.place(t, s)
		}
		switch {
		case excused:
		case s.kind == identifier.IBAN:
			return &problem{field, ReasonIBAN, "remove the account number: no field of an event takes one"}
		default:
			return &problem{field, ReasonCardNumber, "remove the payment card number: send the token of the payment provider as an identifier `pay`"}
		}
	}
	return nil
}

// numbered are the fields that hold numbers of other things, of which one in ten passes for a card of thirteen or fourteen digits.
var numbered = map[string]bool{"sku": true, "value": true, "id": true, "scope": true, "old": true, "new": true, "former": true, "into": true}

// place returns the pointer of a secret, and whether the field it stands in takes numbers of that form: thirteen or fourteen digits
// where numbers of things stand, issuer ranges that loyalty cards share where a loyalty card stands, anything in a consent string.
func (c *contract) place(t *tree, s secret) (field string, excused bool) {
	var b strings.Builder
	parent, at := 0, 0
	for at != s.node {
		parent = at
		step, index := t.toward(at, s.node)
		b.WriteByte('/')
		if t.nodes[at].kind == kindArray {
			b.WriteString(strconv.Itoa(index))
		} else {
			b.WriteString(c.names.texts[t.nodes[step].name])
		}
		at = step
	}
	name := c.names.texts[t.nodes[at].name]
	if t.nodes[at].name == nTCF { // packed bits, in which any letters and digits may stand
		return b.String(), true
	}
	if s.kind != identifier.MaybeCard || !s.alone || !numbered[name] {
		return b.String(), false
	}
	if s.short {
		return b.String(), true
	}
	namespace := identifier.Card
	if n := t.get(&t.nodes[parent], nNamespace); n != nil {
		namespace = identifier.Namespace(n.text)
	}
	holder := name == "value" || name == "old" || name == "new"
	return b.String(), holder && (namespace == identifier.Card || namespace.Kind() == identifier.KindShared)
}

// toward returns the child of a node that holds the target, and its place: nodes are numbered from the outside in, so it is the last
// one that does not come after the target.
func (t *tree) toward(at, target int) (child, index int) {
	for i, k := t.nodes[at].child, 0; i != 0 && int(i) <= target; i, k = t.nodes[i].next, k+1 {
		child, index = int(i), k
	}
	return child, index
}
