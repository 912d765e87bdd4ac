package resolver

// Override reads the value of an owner that was published, and packs it again.
func Override(b []byte) (number uint64, owner string, again []byte, err error) {
	o, err := decodeOverride(b)
	return o.number, o.owner, o.encode(), err
}
