package demo

import "strings"

var givenNames = strings.Fields("Marie Camille Sophie Claire Julie Emma Manon Lucie Sarah Anna Nathalie Isabelle Catherine Christine Martine Aline Zoé Inès Jade Louise " +
	"Paul Thomas Nicolas Alexandre Antoine Maxime Julien Pierre Louis Hugo Lucas Mathieu François Philippe Michel Jean-Luc Olivier Karim Mehdi Arthur " +
	"Elizabeth Margaret Katherine William Robert Edward James Thierry Benjamin Samuel Gabriel Victoria Charlotte Alice Léa Chloé Noémie Yasmine Aïcha Rachid")

var shortNames = map[string]string{
	"Alexandre": "Alex", "Elizabeth": "Liz", "Margaret": "Maggie", "Katherine": "Kate", "William": "Bill", "Robert": "Bob", "Edward": "Ed",
	"Nathalie": "Nath", "Catherine": "Cathy", "Christine": "Chris", "Benjamin": "Ben", "Samuel": "Sam", "Maxime": "Max", "Mathieu": "Mat", "Victoria": "Vicky",
}

var familyNames = strings.Fields("Martin Bernard Dubois Thomas Robert Richard Petit Durand Leroy Moreau Simon Laurent Lefebvre Michel Garcia David Bertrand Roux Vincent Fournier " +
	"Morel Girard André Lefèvre Mercier Dupont Lambert Bonnet François Martinez Legrand Garnier Faure Rousseau Blanc Guérin Muller Henry Roussel Nicolas " +
	"Perrin Morin Mathieu Clément Gauthier Dumont Lopez Fontaine Chevalier Robin Masson Sanchez Gérard Nguyen Boyer Denis Lemaire Duval Joly Benali " +
	"Smith Jones Taylor Brown Wilson Evans Walker Wright Haddad Traoré Diallo Kowalski Rossi Schmidt Jansen Silva Costa Marchand Picard Renard")

type town struct{ city, postal, store string }

var towns = []town{
	{"Paris", "75011", "till-paris-1"},
	{"Paris", "75015", "till-paris-2"},
	{"Montreuil", "93100", "till-paris-1"},
	{"Lyon", "69003", "till-lyon-1"},
	{"Villeurbanne", "69100", "till-lyon-1"},
	{"London", "SE1 7PB", "till-london-1"},
	{"Versailles", "78000", "till-paris-2"},
	{"Grenoble", "38000", "till-lyon-1"},
}

type product struct {
	sku, category string
	price         int64
}

var products = makeProducts()

func makeProducts() []product {
	kinds := []struct {
		name  string
		price int64
	}{{"shirts", 3990}, {"shoes", 8900}, {"bags", 12900}, {"coats", 18900}, {"home", 2490}, {"kitchen", 4550}, {"books", 1590}, {"beauty", 2275}, {"toys", 1999}, {"garden", 3375}}
	var out []product
	for i, k := range kinds {
		for n := range 12 {
			out = append(out, product{sku: k.name[:2] + "-" + string(rune('a'+i)) + digits(100+n, 3), category: k.name, price: k.price + int64(n)*330})
		}
	}
	return out
}

// digits writes n with leading zeros.
func digits(n, width int) string {
	b := make([]byte, width)
	for i := width - 1; i >= 0; i-- {
		b[i] = "0123456789"[n%10]
		n /= 10
	}
	return string(b)
}

var folds = strings.NewReplacer("é", "e", "è", "e", "ë", "e", "ï", "i", "ç", "c", "É", "e", " ", "", "-", "")

func ascii(s string) string { return strings.ToLower(folds.Replace(s)) }
