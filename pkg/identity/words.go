package identity

// String returns the word of the exchange format.
func (o Outcome) String() string {
	switch o {
	case Joined:
		return "joined"
	case Confirms:
		return "confirms"
	default:
		return "refused"
	}
}

var opNames = [...]string{"", "ban", "together", "clear", "quarantine", "release", "auto"}

// String returns the word of the exchange format; empty for none.
func (o Op) String() string {
	if int(o) < len(opNames) {
		return opNames[o]
	}
	return "unknown"
}
