package match

import "math/bits"

// longest text that edits looks at; longer ones are cut.
const maxEdited = 48

// edits counts the typing errors between two texts (a letter more, less, another, or two neighbours swapped), at most limit + 1.
func edits(a, b string, limit int) int {
	a, b = whatDiffers(a[:min(len(a), maxEdited)], b[:min(len(b), maxEdited)])
	if len(b)-len(a) > limit {
		return limit + 1
	}
	if len(a) == 0 {
		return len(b)
	}
	if limit == 1 {
		return 2 - count(oneEdit(a, b))
	}
	if maskEdits(letterMask(a), letterMask(b)) > limit {
		return limit + 1
	}
	var rows [3][maxEdited + 1]uint8
	before, above, row := &rows[0], &rows[1], &rows[2]
	for j := range len(b) + 1 {
		above[j] = uint8(j)
	}
	for i := 1; i <= len(a); i++ {
		row[0] = uint8(i)
		least := row[0]
		for j := 1; j <= len(b); j++ {
			cost := uint8(1)
			if a[i-1] == b[j-1] {
				cost = 0
			}
			d := min(above[j]+1, row[j-1]+1, above[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				d = min(d, before[j-2]+1)
			}
			row[j] = d
			least = min(least, d)
		}
		if int(least) > limit {
			return limit + 1
		}
		before, above, row = above, row, before
	}
	return min(int(above[len(b)]), limit+1)
}

// oneEdit reports whether one error makes one text of the other, where they begin and end with different letters and neither is empty.
func oneEdit(a, b string) bool {
	return len(b) == 1 || len(a) == 2 && len(b) == 2 && a[0] == b[1] && a[1] == b[0]
}

// whatDiffers takes off what two texts begin and end with alike, and gives the shorter first.
func whatDiffers(a, b string) (shorter, longer string) {
	for len(a) > 0 && len(b) > 0 && a[0] == b[0] {
		a, b = a[1:], b[1:]
	}
	for len(a) > 0 && len(b) > 0 && a[len(a)-1] == b[len(b)-1] {
		a, b = a[:len(a)-1], b[:len(b)-1]
	}
	if len(a) > len(b) {
		return b, a
	}
	return a, b
}

// letterMask has a bit for each letter or digit of a text: two texts that k edits part differ in at most 2k bits.
func letterMask(s string) uint64 {
	var m uint64
	for i := range len(s) {
		m |= 1 << (s[i] & 63)
	}
	return m
}

// maskEdits is a lower bound of edits from the masks of two texts.
func maskEdits(a, b uint64) int { return max(bits.OnesCount64(a&^b), bits.OnesCount64(b&^a)) }

// jaro is the likeness of Jaro, of two texts of at most 64 bytes each.
func jaro(a, b string) float64 {
	a, b = a[:min(len(a), 64)], b[:min(len(b), 64)]
	if len(a) == 0 || len(b) == 0 {
		return 0
	}
	window := max(max(len(a), len(b))/2-1, 0)
	var usedA, usedB uint64
	matches := 0
	for i := range len(a) {
		for j := max(0, i-window); j < min(len(b), i+window+1); j++ {
			if a[i] == b[j] && usedB&(1<<j) == 0 {
				usedA |= 1 << i
				usedB |= 1 << j
				matches++
				break
			}
		}
	}
	if matches == 0 {
		return 0
	}
	swaps := 0
	for ; usedA != 0; usedA, usedB = usedA&(usedA-1), usedB&(usedB-1) {
		if a[bits.TrailingZeros64(usedA)] != b[bits.TrailingZeros64(usedB)] {
			swaps++
		}
	}
	m := float64(matches)
	return (m/float64(len(a)) + m/float64(len(b)) + (m-float64(swaps)/2)/m) / 3
}

// alike reports whether the likeness of Jaro, raised where the texts begin alike (Winkler), reaches least.
func alike(a, b string, least float64) bool {
	same := 0
	for same < min(4, len(a), len(b)) && a[same] == b[same] {
		same++
	}
	raised := func(j float64) float64 { return j + 0.1*float64(same)*(1-j) }
	return raised(mostJaro(a, b)) >= least && raised(jaro(a, b)) >= least
}

// mostJaro is an upper bound of jaro: a letter that only one of the texts has matches nothing.
func mostJaro(a, b string) float64 {
	a, b = a[:min(len(a), 64)], b[:min(len(b), 64)]
	x, y := letterMask(a), letterMask(b)
	m := float64(min(len(a)-bits.OnesCount64(x&^y), len(b)-bits.OnesCount64(y&^x)))
	return (m/float64(max(len(a), 1)) + m/float64(max(len(b), 1)) + 1) / 3
}
