package identifier

// ibanLengths: country and length, as registered.
var ibanLengths = map[string]int{
	"AD": 24, "AE": 23, "AL": 28, "AT": 20, "AZ": 28, "BA": 20, "BE": 16, "BG": 22, "BH": 22, "BI": 27, "BR": 29, "BY": 28, "CH": 21, "CR": 22, "CY": 28,
	"CZ": 24, "DE": 22, "DJ": 27, "DK": 18, "DO": 28, "EE": 20, "EG": 29, "ES": 24, "FI": 18, "FK": 18, "FO": 18, "FR": 27, "GB": 22, "GE": 22, "GI": 23,
	"GL": 18, "GR": 27, "GT": 28, "HN": 28, "HR": 21, "HU": 28, "IE": 22, "IL": 23, "IQ": 23, "IS": 26, "IT": 27, "JO": 30, "KW": 30, "KZ": 20, "LB": 28,
	"LC": 32, "LI": 21, "LT": 20, "LU": 20, "LV": 21, "LY": 25, "MC": 27, "MD": 24, "ME": 22, "MK": 19, "MN": 20, "MR": 27, "MT": 31, "MU": 30, "NI": 28,
	"NL": 18, "NO": 15, "OM": 23, "PK": 24, "PL": 28, "PS": 29, "PT": 25, "QA": 29, "RO": 24, "RS": 22, "RU": 33, "SA": 24, "SC": 31, "SD": 18, "SE": 24,
	"SI": 19, "SK": 24, "SM": 27, "SO": 23, "ST": 25, "SV": 28, "TL": 23, "TN": 24, "TR": 26, "UA": 29, "VA": 22, "VG": 24, "XK": 20, "YE": 30,
}

// ibanAt returns the end of the IBAN that begins at i, groups apart by one separator or none; 0 when there is none.
func ibanAt(text string, i int) int {
	if i+15 > len(text) || !isLetter(text[i+1]) {
		return 0
	}
	country := [2]byte{text[i] &^ 0x20, text[i+1] &^ 0x20}
	want, ok := ibanLengths[string(country[:])]
	if !ok {
		return 0
	}
	var space [34]byte
	code := space[:want]
	end := readIBAN(text, i, code)
	if end == 0 || end < len(text) && isAlphanumeric(text[end]) || !mod97(code) {
		return 0
	}
	return end
}

// readIBAN fills code with the letters and digits from i on, the third and fourth of them digits, and returns where they end; 0 when
// there are not that many.
func readIBAN(text string, i int, code []byte) int {
	for n := 0; n < len(code); {
		if i >= len(text) {
			return 0
		}
		c := text[i]
		if !isAlphanumeric(c) {
			k := skipSeparator(text, i)
			if k == i || n < 4 {
				return 0
			}
			i = k
			continue
		}
		if (n == 2 || n == 3) && !isDigit(c) {
			return 0
		}
		code[n] = c
		n++
		i++
	}
	return i
}

func isAlphanumeric(c byte) bool { return isDigit(c) || isLetter(c) }

// mod97 moves the first four characters to the end, reads letters as 10 to 35, and asks for the remainder 1 (ISO 7064).
func mod97(code []byte) bool {
	rest := 0
	for i := range code {
		c := code[(i+4)%len(code)]
		if isDigit(c) {
			rest = (rest*10 + int(c-'0')) % 97
			continue
		}
		rest = (rest*100 + int(c|0x20-'a') + 10) % 97
	}
	return rest == 1
}
