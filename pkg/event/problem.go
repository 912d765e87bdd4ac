package event

import "strconv"

// problem is what is wrong with an event, while its place is being found: each level that it leaves puts its name in front.
type problem struct {
	field  string
	reason Reason
	fix    string
}

func (p *problem) under(name string) *problem {
	p.field = "/" + name + p.field
	return p
}

func (p *problem) at(index int) *problem { return p.under(strconv.Itoa(index)) }

// unnamed stands in pointers for a name that is no field of the product: it is the source's text, and may be personal.
const unnamed = "*"
