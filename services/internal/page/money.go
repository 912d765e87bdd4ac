package page

import (
	"strconv"
	"strings"
)

// decimals of currencies that have another number than two.
var decimals = map[string]int{
	"BIF": 0, "CLP": 0, "DJF": 0, "GNF": 0, "ISK": 0, "JPY": 0, "KMF": 0, "KRW": 0, "PYG": 0, "RWF": 0, "UGX": 0, "UYI": 0, "VND": 0, "VUV": 0,
	"XAF": 0, "XOF": 0, "XPF": 0, "BHD": 3, "IQD": 3, "JOD": 3, "KWD": 3, "LYD": 3, "OMR": 3, "TND": 3,
}

// Decimals is how many digits of an amount in minor units stand behind the point.
func Decimals(currency string) int {
	if n, other := decimals[currency]; other {
		return n
	}
	return 2
}

// Amount writes minor units of a currency as people write money, 1 234,50 EUR or 1,234.50 EUR, and what has no currency as a number.
func Amount(l Language, minor int64, currency string) string {
	if currency == "" {
		return Number(l, minor)
	}
	digits, sign := strconv.FormatInt(minor, 10), ""
	if minor < 0 {
		digits, sign = digits[1:], "-"
	}
	n := Decimals(currency)
	digits = strings.Repeat("0", max(0, n+1-len(digits))) + digits
	whole, rest := digits[:len(digits)-n], digits[len(digits)-n:]
	units, err := strconv.ParseInt(whole, 10, 64)
	if err != nil { // digits of a number of 64 bits
		return sign + whole
	}
	text := sign + Number(l, units)
	if n > 0 {
		text += map[Language]string{French: ",", English: "."}[l] + rest
	}
	return text + " " + currency
}
