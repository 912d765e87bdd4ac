package identity

// diminutives leads from a diminutive to the full given name, both plain. The table is part of ClaimVersion.
var diminutives = invert(map[string][]string{
	// French
	"alexandra": {"alexa", "sandra"}, "alexandre": {"alex"}, "anne": {"annie", "nanette", "anna"}, "antoine": {"toine", "titi", "tonio"}, "benjamin": {"benji", "ben", "benny"},
	"bernard": {"nanard"}, "catherine": {"cathy", "kathy", "cath", "kate", "katie", "cat", "katherine", "kathryn", "kathleen"}, "christian": {"chris"}, "christophe": {"cricri", "tof", "christopher"},
	"dominique": {"dom", "domi"}, "edouard": {"doudou"}, "elisabeth": {"elise", "babeth", "lisbeth", "elizabeth", "liz", "lizzie", "beth", "betty", "eliza", "libby"},
	"emmanuel": {"manu"}, "francois": {"fanfan"}, "francoise": {"francette"}, "frederic": {"fred", "fredo", "frederick", "freddy", "freddie"},
	"gabriel": {"gaby", "gabe"}, "genevieve": {"ginette", "gege"}, "gerard": {"gege"}, "guillaume": {"guigui"}, "gregoire": {"greg", "gregory"}, "helene": {"lena"},
	"isabelle": {"isa", "zaza", "isabel", "isabella"}, "jacqueline": {"jackie", "jacky"}, "jacques": {"jacquot", "jacot"}, "jean": {"jeannot"}, "jeanne": {"jeannette", "jeanette"},
	"josephine": {"fifine", "josie"}, "julien": {"juju"}, "laurent": {"lolo"}, "louis": {"loulou", "lou"}, "madeleine": {"mado", "madelon"}, "marguerite": {"margot", "margo", "magali"},
	"marie": {"mimi", "manon", "marion", "mariette"}, "mathilde": {"thilde"}, "mathieu": {"matt", "matthieu", "mat"}, "maurice": {"momo"}, "maximilien": {"max", "maxime"},
	"michel": {"mich", "michou"}, "monique": {"momone"}, "nathalie": {"nath", "natalie", "nat"}, "nicolas": {"nico", "nick", "nicholas", "nicky"}, "patrick": {"pat", "paddy"}, "philippe": {"phil", "philip", "phillip"},
	"pierre": {"pierrot"}, "raphael": {"raph", "rafael"}, "remy": {"remi"}, "sebastien": {"seb", "sebastian"}, "simone": {"momone"}, "sophie": {"soso", "sophia"}, "stephane": {"steph"}, "stephanie": {"fanny", "stef"},
	"suzanne": {"suzie", "suzette", "suzy", "susan", "susanna", "sue", "susie"}, "sylvie": {"syl"}, "theodore": {"theo", "ted", "teddy"}, "therese": {"theresa", "teresa", "terry"}, "thomas": {"tom", "tommy", "thom"}, "valerie": {"val"},
	"veronique": {"vero"}, "victor": {"vic"}, "victoria": {"vicky", "vickie", "tori"}, "vincent": {"vince", "vinny"}, "virginie": {"ginnie", "virginia", "ginny"}, "xavier": {"xav"}, "yves": {"yvon"}, "yvette": {"vette"},
	// English
	"abigail": {"abby", "gail"}, "albert": {"al", "bert"}, "alfred": {"alf", "alfie"}, "amanda": {"mandy"}, "andrew": {"andy", "drew"}, "anthony": {"tony"}, "arthur": {"art"}, "barbara": {"barb", "babs"},
	"charles": {"charlie", "chuck", "charly"}, "christine": {"chrissy", "tina", "christina", "christie"}, "cynthia": {"cindy"}, "daniel": {"dan", "danny"}, "david": {"dave", "davy"}, "deborah": {"deb", "debbie", "debra"},
	"donald": {"don", "donnie"}, "dorothy": {"dot", "dottie", "dolly"}, "edward": {"ed", "eddie", "ned"}, "eleanor": {"ellie", "nell", "nora"}, "eugene": {"gene"}, "geoffrey": {"geoff", "jeffrey", "jeff"},
	"gerald": {"gerry", "jerry"}, "henry": {"harry", "hank", "hal"}, "jacob": {"jake"}, "james": {"jim", "jimmy", "jamie"}, "jennifer": {"jen", "jenny", "jenn"}, "jessica": {"jess", "jessie"},
	"john": {"johnny", "jack", "jon"}, "jonathan": {"jonny", "nathan"}, "joseph": {"joe", "joey", "jo"}, "joshua": {"josh"}, "judith": {"judy"}, "kenneth": {"ken", "kenny"}, "kimberly": {"kim"},
	"lawrence": {"larry", "laurie"}, "leonard": {"leo", "len", "lenny"}, "louise": {"lulu"}, "margaret": {"maggie", "meg", "peggy", "marge"}, "martha": {"marty"}, "matthew": {"matty"}, "michael": {"mike", "mick", "mikey", "mickey"},
	"mildred": {"millie"}, "nancy": {"nan"}, "pamela": {"pam"}, "patricia": {"patty", "trish", "tricia", "patsy"}, "peter": {"pete"}, "rachel": {"rach"}, "raymond": {"ray"}, "rebecca": {"becky", "becca"},
	"richard": {"rick", "dick", "rich", "ricky"}, "robert": {"rob", "bob", "bobby", "robbie"}, "roger": {"rodge"}, "ronald": {"ron", "ronnie"}, "samuel": {"sam", "sammy"}, "samantha": {"sammie"},
	"sarah": {"sally", "sara"}, "stephen": {"steve", "steven", "stevie"}, "timothy": {"tim", "timmy"}, "walter": {"walt"}, "william": {"bill", "will", "billy", "willy", "liam"}, "zachary": {"zach", "zack"},
})

func invert(full map[string][]string) map[string]string {
	out := make(map[string]string, 3*len(full))
	for name, short := range full {
		for _, s := range short {
			if held, known := out[s]; !known || name < held { // one diminutive of two names: always the same one
				out[s] = name
			}
		}
	}
	return out
}

// FullName is the full given name of a plain diminutive, or the name itself.
func FullName(plain string) string {
	if full, known := diminutives[plain]; known {
		return full
	}
	return plain
}
