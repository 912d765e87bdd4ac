package consent

// MaskOf returns the mask of purposes without channels; those that have no bit are left out.
func MaskOf(purposes ...Purpose) Mask {
	var m Mask
	for _, p := range purposes {
		m |= bitOf(p, "")
	}
	return m
}
