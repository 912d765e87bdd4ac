package realdata

import "path/filepath"

// Import says how one real file comes in: the mapping, the channel, and what sources.yaml has to say of its source.
type Import struct {
	Name                             string // of the source too
	Mapping                          string // file in deploy/mappings
	Channel, Zone, Currency, Country string
	CardCheck                        string   // "" = auto
	File                             []string // below the data folder
	Consents                         bool     // carries grants: import it, and let it be folded, before the import that follows
}

// Path is where the file is, below the data folder.
func (i Import) Path(data string) string { return filepath.Join(append([]string{data}, i.File...)...) }

// Imports lists the real files in the order to import them.
func Imports() []Import {
	ny := "America/New_York"
	web := []string{"web", "snowplow_web", "source", "snowplow_web_events.csv"}
	mobile := []string{"mobile", "snowplow_mobile", "source", "snowplow_mobile_events.csv"}
	return []Import{
		{
			Name: "completejourney", Mapping: "complete-journey-tickets.yaml", Channel: "store", Zone: ny, Currency: "USD", Country: "US", CardCheck: "none",
			File: []string{"pos", "completejourney_transactions.csv.gz"},
		},
		{
			Name: "uci", Mapping: "uci-orders.yaml", Channel: "web", Zone: "Europe/London", Currency: "GBP", Country: "GB",
			File: []string{"web", "uci_online_retail_2010-12_2011-06.csv.gz"},
		},
		{Name: "snowplow-web", Mapping: "snowplow-web-consent.yaml", Channel: "web", Zone: "UTC", Currency: "USD", Country: "US", File: web, Consents: true},
		{Name: "snowplow-web", Mapping: "snowplow-web.yaml", Channel: "web", Zone: "UTC", Currency: "USD", Country: "US", File: web},
		{Name: "snowplow-mobile", Mapping: "snowplow-mobile-consent.yaml", Channel: "mobile", Zone: "UTC", Currency: "USD", Country: "US", File: mobile, Consents: true},
		{Name: "snowplow-mobile", Mapping: "snowplow-mobile.yaml", Channel: "mobile", Zone: "UTC", Currency: "USD", Country: "US", File: mobile},
		{
			Name: "technion", Mapping: "technion-calls.yaml", Channel: "callcentre", Zone: "Asia/Jerusalem", Currency: "ILS", Country: "IL",
			File: []string{"callcentre", "technion_calls_aug_01_15.csv.gz"},
		},
		{Name: "tau-users", Mapping: "taubench-users.yaml", Channel: "callcentre", Zone: ny, Currency: "USD", Country: "US", File: []string{"callcentre", "taubench_retail_users.json.gz"}},
		{Name: "tau-orders", Mapping: "taubench-orders.yaml", Channel: "web", Zone: ny, Currency: "USD", Country: "US", File: []string{"callcentre", "taubench_retail_orders.json.gz"}},
	}
}

// Expected computes the figures of an import from the raw files. An import of consents has no figures of its own.
func Expected(data string, i Import) (Figures, error) {
	path := i.Path(data)
	switch i.Mapping {
	case "complete-journey-tickets.yaml":
		return CompleteJourney(path)
	case "uci-orders.yaml":
		return UCI(path)
	case "snowplow-web.yaml":
		return SnowplowWeb(path, filepath.Join(data, "web", "snowplow_web", "expected", "snowplow_web_page_views_expected.csv"))
	case "snowplow-mobile.yaml":
		return SnowplowMobile(path, filepath.Join(data, "mobile", "snowplow_mobile", "expected", "snowplow_mobile_screen_views_expected.csv"))
	case "technion-calls.yaml":
		return Technion(path)
	case "taubench-users.yaml":
		return TauBenchUsers(path)
	case "taubench-orders.yaml":
		return TauBenchOrders(path, "2024-05")
	}
	return NewFigures(), nil
}
