package match

// tooLittle is the most that a pair weighs, in bits, that has only one property in common to compare.
const tooLittle = -3

// says is how much a comparison says on its own: a name, a birth date, a town or a phone alone is shared by many, an e-mail or a
// personal number is not.
var says = [comparisons]int{
	cGiven: 1, cFamily: 1, cBirth: 1, cStreet: 1, cComplement: 1, cPlace: 1, cEmail: 2, cPhone: 1, cBirthPlace: 1, cOccupation: 1, cPersonal: 2,
}

// enough reports whether at least two properties can be compared. However rare a name is, it alone joins nobody.
func (p pattern) enough() bool {
	n := 0
	for c := range comparisons {
		if p.at(c) != unknown {
			n += says[c]
		}
	}
	return n >= 2
}
