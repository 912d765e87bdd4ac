package demo

import "time"

// Channels.
const (
	Store      = "store"
	Web        = "web"
	Mobile     = "mobile"
	CallCentre = "callcentre"
)

// Space and controllers of the demonstration.
const (
	Space   = "maison"
	Retail  = "maison-retail"
	Digital = "maison-digital"
)

// Source is one entry of sources.yaml without its key: an installation makes its own.
type Source struct {
	Name, Channel, Space, Controller, Brand, Store, Zone, Country, Currency, Trust string
	SharedDevice                                                                   bool
}

var tills = []string{"till-paris-1", "till-paris-2", "till-lyon-1", "till-london-1"}

// Sources lists the producers of the demonstration.
func Sources() []Source {
	till := func(name, store, zone, country, currency string) Source {
		return Source{Name: name, Channel: Store, Controller: Retail, Store: store, Zone: zone, Country: country, Currency: currency, Trust: "stated"}
	}
	web := func(name, store string, shared bool) Source {
		return Source{Name: name, Channel: Web, Controller: Digital, Store: store, Zone: "Europe/Paris", Country: "FR", Currency: "EUR", Trust: "self", SharedDevice: shared}
	}
	list := []Source{
		till("till-paris-1", "paris-1", "Europe/Paris", "FR", "EUR"),
		till("till-paris-2", "paris-2", "Europe/Paris", "FR", "EUR"),
		till("till-lyon-1", "lyon-1", "Europe/Paris", "FR", "EUR"),
		till("till-london-1", "london-1", "Europe/London", "GB", "GBP"),
		web("shop-fr", "", false),
		web("kiosk-paris-1", "paris-1", true),
		web("tablet-lyon-1", "lyon-1", false), // nobody declared it
		{Name: "app-maison", Channel: Mobile, Controller: Digital, Zone: "Europe/Paris", Country: "FR", Currency: "EUR", Trust: "self"},
		{Name: "desk-fr", Channel: CallCentre, Controller: Retail, Zone: "Europe/Paris", Country: "FR", Currency: "EUR", Trust: "stated"},
	}
	for i := range list {
		list[i].Space, list[i].Brand = Space, "maison"
	}
	return list
}

var byName, zones = index()

func index() (map[string]Source, map[string]*time.Location) {
	names, zones := map[string]Source{}, map[string]*time.Location{}
	for _, s := range Sources() {
		names[s.Name] = s
		zone, err := time.LoadLocation(s.Zone)
		if err != nil {
			zone = time.UTC // no zone data on this machine: the times keep their instant
		}
		zones[s.Zone] = zone
	}
	return names, zones
}

func sourceOf(name string) Source { return byName[name] }
