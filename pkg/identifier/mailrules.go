package identifier

import (
	"slices"
	"strings"
)

// MailRules says which spellings of a provider name one mailbox; the zero value changes nothing. No setting turns a rule on: to the product two
// spellings of one mailbox are two identifiers.
type MailRules struct {
	GmailDots         bool // j.o.e@gmail.com is joe@gmail.com
	GmailSubaddress   bool
	GmailAlias        bool // googlemail.com is gmail.com
	OutlookSubaddress bool
	YahooSubaddress   bool // after a hyphen
	YandexAlias       bool // every domain of Yandex is yandex.ru
	ICloudSubaddress  bool
}

var (
	gmailDomains   = []string{"gmail.com", "googlemail.com"}
	icloudDomains  = []string{"icloud.com", "me.com"}
	yandexDomains  = []string{"yandex.ru", "yandex.ua", "yandex.kz", "yandex.com", "yandex.by", "ya.ru"}
	yahooDomains   = []string{"rocketmail.com", "yahoo.ca", "yahoo.co.uk", "yahoo.com", "yahoo.de", "yahoo.fr", "yahoo.in", "yahoo.it", "ymail.com"}
	outlookNames   = []string{"hotmail", "live", "outlook", "msn", "passport"}
	outlookDomains = []string{"windowslive.com"}
)

// Mailbox returns the mailbox of a normalised address under the rules. False: nothing is left before the @.
func (r MailRules) Mailbox(address string) (string, bool) {
	local, domain, _ := strings.Cut(address, "@")
	switch {
	case slices.Contains(gmailDomains, domain):
		if r.GmailSubaddress {
			local, _, _ = strings.Cut(local, "+")
		}
		if r.GmailDots {
			local = undot(local)
		}
		if r.GmailAlias {
			domain = "gmail.com"
		}
	case slices.Contains(icloudDomains, domain):
		if r.ICloudSubaddress {
			local, _, _ = strings.Cut(local, "+")
		}
	case outlook(domain):
		if r.OutlookSubaddress {
			local, _, _ = strings.Cut(local, "+")
		}
	case slices.Contains(yahooDomains, domain):
		if i := strings.LastIndexByte(local, '-'); r.YahooSubaddress && i >= 0 {
			local = local[:i]
		}
	case slices.Contains(yandexDomains, domain):
		if r.YandexAlias {
			domain = "yandex.ru"
		}
	}
	return local + "@" + domain, local != ""
}

// undot removes single dots; two dots in a row are no form that the provider gives out, and stay.
func undot(local string) string {
	if strings.Contains(local, "..") {
		return local
	}
	return strings.ReplaceAll(local, ".", "")
}

func outlook(domain string) bool {
	name, _, _ := strings.Cut(domain, ".")
	return slices.Contains(outlookNames, name) || slices.Contains(outlookDomains, domain)
}
