package match

import (
	"cmp"
	"slices"
	"strings"
	"unicode"
)

// phrases are the words of headers that name a property of a person, in English, French and a few neighbours. The longest one
// that a header contains decides.
var phrases = map[Kind]string{
	KindGiven: "first name,firstname,first names,given name,given names,givenname,given,forename,forenames,fname,fn,prenom,prenoms,vorname,nombre,voornaam,middle name,middlename," +
		"middle initial,second name,second prenom,deuxieme prenom",
	KindFamily: "last name,lastname,lname,ln,surname,sname,family name,familyname,family,nom de famille,nom famille,nom usage,nom d usage,nom usuel,nom marital," +
		"married name,nachname,familienname,apellido,apellidos,cognome,achternaam",
	KindMaiden: "maiden name,maiden,birth name,birthname,nom de naissance,nom naissance,nom de jeune fille,nom jeune fille,name at birth,geburtsname",
	KindFull: "name,nom,full name,fullname,nom complet,nom et prenom,nom prenom,prenom nom,nom prenoms,prenom et nom,customer name,client name,customer,client,person," +
		"person name,contact name,caller,caller name,appelant,cardholder,card holder,nom client,nom du client,titulaire,nom appelant",
	KindBirth: "date of birth,birth date,birthdate,dob,birthday,birth,born,born on,date de naissance,date naissance,datenaissance,naissance,ne le,nee le,ddn,dtnaiss,date naiss,dt naissance," +
		"geburtsdatum,geboren,fecha de nacimiento,date birth,d o b",
	KindBirthYear:  "birth year,birthyear,year of birth,yob,by,annee de naissance,annee naissance,an naissance,dob year,geburtsjahr,date of birth year",
	KindBirthMonth: "birth month,birthmonth,month of birth,mob,bm,mois de naissance,mois naissance,dob month,geburtsmonat,date of birth month",
	KindBirthDay:   "birth day,day of birth,bd,jour de naissance,jour naissance,dob day,geburtstag,date of birth day",
	KindAddress: "address,adresse,full address,adresse complete,postal address,adresse postale,home address,domicile,direccion,anschrift,street address line,billing address," +
		"shipping address,residential address,mailing address,adresse client,addr",
	KindNumber: "street number,streetnumber,house number,housenumber,numero de rue,numero rue,numero voie,numero de voie,no rue,num rue,num voie,hausnummer,street no,house no,numero,building number",
	KindStreet: "street,street name,street address,streetname,address 1,address1,address line 1,addr1,addr 1,adresse 1,adresse1,adresse ligne 1,rue,voie,nom de voie,nom voie,libelle voie," +
		"nom de rue,nom rue,strasse,calle,road,address line1,line 1,ligne 1",
	KindComplement: "address 2,address2,address line 2,addr2,addr 2,adresse 2,adresse2,adresse ligne 2,complement,complement adresse,complement d adresse,complement adresse 1,apartment,apt,unit,flat,floor," +
		"batiment,etage,appartement,lieu dit,lieudit,building,unit number,line 2,ligne 2,address line2",
	KindPostcode: "postcode,post code,postal code,postalcode,zip,zip code,zipcode,code postal,codepostal,cp,plz,postleitzahl,codigo postal,cap,postal",
	KindTown: "town,city,suburb,ville,commune,localite,locality,municipality,ort,stadt,ciudad,place,town city,city town,residence,city name,nom ville,place of residence," +
		"ville de residence",
	KindRegion: "state,region,county,province,departement,department,canton,district,bundesland,state code,dept",
	KindEmail:  "email,e mail,mail,email address,e mail address,courriel,adresse email,adresse mail,adresse e mail,mel,emailaddress,adresse electronique",
	KindPhone: "phone,phone number,telephone,telephone number,tel,mobile,mobile phone,mobile number,cell,cellphone,cell phone,home phone,work phone,portable,telephone portable,telephone mobile," +
		"telephone fixe,fixe,tel fixe,tel portable,tel mobile,numero de telephone,numero telephone,msisdn,gsm,handy,telefon,telefono,phonenumber,fax,caller number,ani,landline",
	KindGender:     "gender,sex,sexe,genre,civilite,salutation,civility,geschlecht,anrede,honorific,gender code,sex code,title",
	KindBirthPlace: "birth place,birthplace,place of birth,lieu de naissance,lieu naissance,ville de naissance,ville naissance,commune de naissance,commune naissance,birth city,birth town,geburtsort,city of birth,town of birth,pob,country of birth,birth country,pays de naissance",
	KindOccupation: "occupation,profession,job,job title,metier,beruf,emploi,csp",
	KindPersonal: "ssn,social security number,social security,soc sec id,soc sec,nir,numero de securite sociale,securite sociale,numero secu,passport,passport number,passeport,national id,national insurance number,nino," +
		"national insurance,driving licence,driver license,drivers license,licence number,license number,tax id,tax number,numero fiscal,steuernummer,medicare,medicare number,nhs number,insee number",
}

// foreign are words of headers that speak of something else than a property of the record's own person.
var foreign = words(`id ids key uuid guid hash index row count nb total amount montant price prix cost status statut state_of flag type kind consent
	consentement optin opt verified valid verification score source channel canal created updated modified date time timestamp heure login username user
	password company societe entreprise employer firm organisation product produit article item sku order commande ticket basket
	transaction payment paiement invoice facture store magasin shop brand marque agent advisor conseiller campaign campagne device cookie ip url domain
	domaine language langue currency devise file fichier cluster label entity spouse conjoint mother mere father pere child enfant emergency urgence
	recipient destinataire beneficiary beneficiaire guest invite parent guardian tuteur referrer parrain latitude longitude lat lon lng age salary
	salaire income revenu comment commentaire note notes memo description event evenement last_seen dataset batch`)

// A header with a word of each, such as first_and_surname or "Nom et prénom", names a column of full names.
var (
	givenWords  = words("first given forename fname prenom prenoms vorname")
	familyWords = words("surname last lname nom nachname")
)

func words(s string) map[string]bool {
	out := map[string]bool{}
	for w := range strings.FieldsSeq(s) {
		out[w] = true
	}
	return out
}

// phrase is one entry of phrases, in words.
type phrase struct {
	kind  Kind
	words []string
}

// sortedPhrases are the phrases, the longest first; of the same length, those of whole names last, for "Prénom du client" is no
// whole name; then by text, so that the order of a map decides nothing.
var sortedPhrases = func() []phrase {
	var out []phrase
	for kind, list := range phrases {
		for text := range strings.SplitSeq(list, ",") {
			out = append(out, phrase{kind, strings.Fields(text)})
		}
	}
	slices.SortFunc(out, func(a, b phrase) int {
		return cmp.Or(cmp.Compare(len(b.words), len(a.words)), cmp.Compare(count(a.kind == KindFull), count(b.kind == KindFull)),
			strings.Compare(strings.Join(a.words, " "), strings.Join(b.words, " ")))
	})
	return out
}()

// headerWords cuts a header into plain words: dateOfBirth, DATE_OF_BIRTH and "Date of birth" are one.
func headerWords(header string) []string {
	var b strings.Builder
	var last rune
	for _, r := range header {
		if unicode.IsUpper(r) && unicode.IsLower(last) {
			b.WriteByte(' ')
		}
		b.WriteRune(r)
		last = r
	}
	return strings.Fields(plain(b.String()))
}

// kindOfHeader says what a header promises, and whether it speaks of anything known at all.
func kindOfHeader(header string) (kind Kind, known bool) {
	list := headerWords(header)
	if slices.ContainsFunc(list, func(w string) bool { return givenWords[w] }) && slices.ContainsFunc(list, func(w string) bool { return familyWords[w] }) {
		return KindFull, true
	}
	for _, p := range sortedPhrases {
		at := indexWords(list, p.words)
		if at < 0 {
			continue
		}
		rest := slices.Concat(list[:at], list[at+len(p.words):])
		if slices.ContainsFunc(rest, func(w string) bool { return foreign[w] }) {
			return KindNone, true
		}
		return p.kind, true
	}
	return KindNone, slices.ContainsFunc(list, func(w string) bool { return foreign[w] })
}

// indexWords finds the words of b in a row in a.
func indexWords(a, b []string) int {
	for i := 0; i+len(b) <= len(a); i++ {
		if slices.Equal(a[i:i+len(b)], b) {
			return i
		}
	}
	return -1
}
