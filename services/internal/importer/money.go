package importer

import (
	"encoding/json"
	"math/big"
	"strconv"
	"strings"
)

const (
	maxNumberText = 40
	maxExponent   = 30
)

// decimals of a currency's minor unit, where they are not two (ISO 4217).
var decimals = map[string]int{
	"BHD": 3, "IQD": 3, "JOD": 3, "KWD": 3, "LYD": 3, "OMR": 3, "TND": 3,
	"BIF": 0, "CLP": 0, "DJF": 0, "GNF": 0, "ISK": 0, "JPY": 0, "KMF": 0, "KRW": 0, "PYG": 0, "RWF": 0, "UGX": 0, "VND": 0, "VUV": 0, "XAF": 0, "XOF": 0, "XPF": 0,
}

// rational reads a decimal number, with or without exponent, exactly.
func rational(v any) (*big.Rat, error) {
	var text string
	switch v := v.(type) {
	case string:
		text = strings.TrimSpace(v)
	case json.Number:
		text = v.String()
	case int:
		return new(big.Rat).SetInt64(int64(v)), nil
	case int64:
		return new(big.Rat).SetInt64(v), nil
	default:
		return nil, &rowError{reason: "number"}
	}
	if text == "" || len(text) > maxNumberText || strings.ContainsAny(text, "/_xXpPbBoO") {
		return nil, &rowError{reason: "number"}
	}
	if i := strings.IndexAny(text, "eE"); i >= 0 {
		e, err := strconv.Atoi(text[i+1:])
		if err != nil || e > maxExponent || e < -maxExponent {
			return nil, &rowError{reason: "number"}
		}
	}
	r, ok := new(big.Rat).SetString(text)
	if !ok {
		return nil, &rowError{reason: "number"}
	}
	return r, nil
}

// minor scales r to the minor unit of the currency and rounds half away from zero.
func minor(r *big.Rat, currency string) (int64, error) {
	places, ok := decimals[currency]
	if !ok {
		places = 2
	}
	scale := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(places)), nil)
	num := new(big.Int).Mul(r.Num(), scale)
	num.Lsh(num, 1)
	if num.Sign() < 0 {
		num.Sub(num, r.Denom())
	} else {
		num.Add(num, r.Denom())
	}
	den := new(big.Int).Lsh(r.Denom(), 1)
	q := num.Quo(num, den)
	if !q.IsInt64() {
		return 0, &rowError{reason: "number"}
	}
	return q.Int64(), nil
}
