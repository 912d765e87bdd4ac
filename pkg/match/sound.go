package match

import "strings"

// sounds replaces spellings by the sound they have in French and English names, the longest first.
var sounds = strings.NewReplacer(
	"eaux", "o", "eau", "o", "aux", "o", "ault", "o", "auld", "o", "au", "o", "ough", "o", "sch", "s", "tch", "s", "ph", "f", "gh", "g", "ck", "k", "qu", "k",
	"ch", "s", "sh", "s", "th", "t", "wr", "r", "kn", "n", "gn", "n", "ill", "i", "ay", "e", "ai", "e", "ei", "e", "ey", "e", "ee", "i", "ea", "e",
	"oe", "e", "ae", "e", "ou", "u", "oo", "u", "ue", "u", "oi", "a", "y", "i", "ie", "i", "ce", "se", "ci", "si", "cy", "si", "ge", "je", "gi", "ji",
	"c", "k", "q", "k", "z", "s", "x", "ks", "w", "v", "h", "", "ï", "i",
)

// silent are the letters that end French names without being heard.
const silent = "esxtdpz"

// sound is how a plain name sounds, roughly, in French or English: equal for spellings that are heard alike.
func sound(name string) string {
	if name == "" {
		return ""
	}
	trimmed := strings.TrimRight(name, silent)
	if len(trimmed) < 2 {
		trimmed = name
	}
	heard := sounds.Replace(trimmed)
	if heard == "" {
		return name
	}
	out := make([]byte, 0, len(heard))
	for i := range len(heard) {
		c := heard[i]
		switch {
		case i > 0 && c == heard[i-1], c == ' ':
		case len(out) > 0 && vowel(c) && i < len(heard)-1:
			if out[len(out)-1] != 'a' || len(out) == 1 { // one mark for the vowels between two consonants
				out = append(out, 'a')
			}
		default:
			out = append(out, c)
		}
	}
	return string(out)
}

func vowel(c byte) bool { return strings.IndexByte("aeiou", c) >= 0 }
