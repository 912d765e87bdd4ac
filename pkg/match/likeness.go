package match

// comparison is one thing that is compared of two records.
type comparison uint8

const (
	cGiven comparison = iota
	cFamily
	cOrder // given and family name swapped
	cBirth
	cStreet
	cComplement
	cPlace
	cEmail
	cPhone
	cGender
	cBirthPlace
	cOccupation
	cPersonal
	comparisons
)

// level is how alike two values are: 0 is different, more is more alike.
type level uint8

// unknown stands where one of the two records says nothing.
const unknown level = 15

// Levels of names.
const (
	nameDifferent level = iota
	nameInitial         // an initial, or one begins like the other
	nameLoose           // two typing errors, or heard alike
	namePart            // one is a part of the other: Jean, Jean-Pierre
	nameClose           // one typing error
	nameVariant         // a diminutive
	nameSame
	nameLevels
)

// Levels of swapped names.
const (
	orderKept level = iota
	orderSwapped
	orderLevels
)

// Levels of birth dates.
const (
	birthDifferent level = iota
	birthYear            // the year alone
	birthPartial         // one says less than the other
	birthDigits          // two digits differ, in two of day, month and year
	birthTwo             // two of day, month and year
	birthOne             // one digit, or day and month swapped
	birthSame
	birthLevels
)

// Levels of streets with numbers.
const (
	streetDifferent level = iota
	streetLoose           // some words, or the number alone
	streetOther           // the street, with another number
	streetAlike           // much alike, or given as the complement
	streetClose           // a typing error, or the number is missing
	streetSame
	streetLevels
)

// Levels of complements, towns of birth, professions.
const (
	wordDifferent level = iota
	wordClose
	wordSame
	wordLevels
)

// Levels of places: postcode, town and region together, because one follows from the other.
const (
	placeDifferent level = iota
	placeRegion          // the region alone, or a postcode with an error
	placeMixed           // postcode or town, the other contradicts
	placeTownClose       // the town, with errors; no postcode
	placeTown            // the town; no postcode
	placePostcode        // the postcode; no town
	placeBothClose       // both, with errors
	placeBoth
	placeLevels
)

// Levels of e-mails.
const (
	emailDifferent level = iota
	emailNames           // the user part is made of names, or alike
	emailUser            // the user part, at another domain
	emailClose           // a typing error
	emailSame
	emailLevels
)

// Levels of numbers: phones, social security.
const (
	numberDifferent level = iota
	numberClose           // one digit
	numberSame
	numberLevels
)

var levelCount = [comparisons]level{
	cGiven: nameLevels, cFamily: nameLevels, cOrder: orderLevels, cBirth: birthLevels, cStreet: streetLevels, cComplement: wordLevels,
	cPlace: placeLevels, cEmail: emailLevels, cPhone: numberLevels, cGender: orderLevels, cBirthPlace: wordLevels, cOccupation: wordLevels, cPersonal: numberLevels,
}

// pattern holds the level of every comparison, four bits each.
type pattern uint64

const allUnknown pattern = 1<<(4*comparisons) - 1

func (p pattern) at(c comparison) level { return level(p >> (4 * c) & 15) }

func (p pattern) with(c comparison, l level) pattern { return p&^(15<<(4*c)) | pattern(l)<<(4*c) }

// likeness is how alike two records are: the levels, and for values that are rarer or more common than others, how often two
// strangers agree on just these (log2; 0 = as the level's average).
type likeness struct {
	levels pattern
	chance [comparisons]float32
}
