package match

// Kind says which property of a person a column holds.
type Kind uint8

// The kinds of column.
const (
	KindNone       Kind = iota // left out: no property of a person, or not recognised
	KindGiven                  // given name
	KindFamily                 // family name
	KindMaiden                 // family name at birth
	KindFull                   // given and family name in one column
	KindBirth                  // birth date
	KindBirthYear              // year of birth
	KindBirthMonth             // month of birth
	KindBirthDay               // day of birth
	KindAddress                // a whole address
	KindNumber                 // number in the street
	KindStreet                 // street, with or without its number
	KindComplement             // building, floor, place within the street's address
	KindPostcode               // postcode
	KindTown                   // town
	KindRegion                 // state, county, department
	KindEmail                  // e-mail
	KindPhone                  // phone
	KindGender                 // gender or title
	KindBirthPlace             // town of birth
	KindOccupation             // profession
	KindPersonal               // a number that one person has: social security, passport, customer number
	kinds
)

var kindNames = [kinds]string{
	"none", "given", "family", "maiden", "full", "birth", "birth_year", "birth_month", "birth_day", "address", "number", "street", "complement",
	"postcode", "town", "region", "email", "phone", "gender", "birth_place", "occupation", "personal",
}

// String is the name of a kind in mappings and reports.
func (k Kind) String() string {
	if k >= kinds {
		return kindNames[KindNone]
	}
	return kindNames[k]
}

// KindOf finds a kind by its name.
func KindOf(name string) (Kind, bool) {
	for k, n := range kindNames {
		if n == name {
			return Kind(k), true
		}
	}
	return KindNone, false
}

// KindNames are the names of all kinds.
func KindNames() []string { return kindNames[:] }
