package match

import (
	"math"
	"strings"
)

// Steps of a waterfall that are no comparison.
const (
	stepPrior     = "prior"             // how rare it is that two records are one person
	stepFamily    = "family_not_person" // what speaks for two people of one family as well
	stepTooLittle = "too_little"        // fewer than two properties can be compared
)

// comparisonNames are the names of comparisons in reports and models.
var comparisonNames = [comparisons]string{
	cGiven: "given", cFamily: "family", cOrder: "order", cBirth: "birth", cStreet: "street", cComplement: "complement", cPlace: "place",
	cEmail: "email", cPhone: "phone", cGender: "gender", cBirthPlace: "birth_place", cOccupation: "occupation", cPersonal: "personal",
}

var (
	namesOfNames   = []string{"different", "initial", "loose", "part", "close", "variant", "same"}
	namesOfWords   = []string{"different", "close", "same"}
	namesOfNumbers = []string{"different", "one_digit", "same"}
)

// levelNames are the names of the levels in reports and models.
var levelNames = [comparisons][]string{
	cGiven: namesOfNames, cFamily: namesOfNames, cOrder: {"kept", "swapped"},
	cBirth:      {"different", "year", "partial", "two_digits", "two_parts", "one_digit", "same"},
	cStreet:     {"different", "loose", "other_number", "alike", "close", "same"},
	cComplement: namesOfWords,
	cPlace:      {"different", "region", "mixed", "town_close", "town", "postcode", "both_close", "both"},
	cEmail:      {"different", "names", "user", "close", "same"},
	cPhone:      namesOfNumbers, cGender: {"different", "same"}, cBirthPlace: namesOfWords, cOccupation: namesOfWords, cPersonal: namesOfNumbers,
}

// fieldsOf are the fields that a comparison looks at.
var fieldsOf = [comparisons][]field{
	cGiven: {fGiven}, cFamily: {fFamily, fMaiden}, cOrder: {fGiven, fFamily}, cBirth: {fBirth}, cStreet: {fNumber, fStreet}, cComplement: {fComplement},
	cPlace: {fPostcode, fTown, fRegion}, cEmail: {fEmail, fEmail2}, cPhone: {fPhone, fPhone2}, cGender: {fGender}, cBirthPlace: {fBirthPlace},
	cOccupation: {fOccupation}, cPersonal: {fPersonal},
}

// shown are the values of a form that a comparison looked at.
func (r *Records) shown(c comparison, f Form) string {
	var out []string
	for _, x := range fieldsOf[c] {
		v := r.cell(f, x)
		switch {
		case v == 0:
		case x == fBirth:
			out = append(out, date(v).String())
		case x == fGender:
			out = append(out, [3]string{"", "m", "f"}[v])
		default:
			out = append(out, r.text(f, x))
		}
	}
	return strings.Join(out, " ")
}

func exp2(x float64) float64 { return math.Exp2(x) }
