package main

import (
	"encoding/json"
	"fmt"

	"rcu/pkg/wholefile"
	"rcu/services/ingest"
	"rcu/services/internal/demo"
)

// sourceKeysFile holds the keys of the sources of this installation by name, for the commands that send events from this machine.
const sourceKeysFile = "source-keys.json"

// demoSources are the sources of the demonstration as a sources.yaml lists them, and that of a master file; their keys are made anew
// for every installation. All may use the history lane.
func demoSources() []ingest.SourceSpec {
	var out []ingest.SourceSpec
	for _, s := range append(demo.Sources(), demo.RecordsSource()) {
		spec := ingest.SourceSpec{
			Name: s.Name, Channel: s.Channel, Space: s.Space, Controller: s.Controller, Brand: s.Brand, Store: s.Store,
			Zone: s.Zone, Country: s.Country, Currency: s.Currency, Trust: s.Trust,
			History: true,
		}
		if s.SharedDevice {
			spec.SharedDevice = new(bool)
			*spec.SharedDevice = true
		}
		out = append(out, spec)
	}
	return append(out, correctionSource("preferences-retail", demo.Retail), correctionSource("preferences-digital", demo.Digital))
}

// correctionSource is the preference centre of a controller, as the source of what people correct there.
func correctionSource(name, controller string) ingest.SourceSpec {
	return ingest.SourceSpec{
		Name: name, Channel: demo.Web, Space: demo.Space, Controller: controller, Brand: "maison", Zone: "Europe/Paris", Country: "FR", Currency: "EUR",
		Trust: "self", Corrections: true,
	}
}

// writeSourceKeys keeps the keys beside the installation's data.
func (h home) writeSourceKeys(keys map[string]string) error { return h.writeKeys(sourceKeysFile, keys) }

// writeKeys writes a file of names and keys, readable by its owner alone.
func (h home) writeKeys(name string, keys map[string]string) error {
	raw, err := json.MarshalIndent(keys, "", "  ")
	if err != nil {
		return fmt.Errorf("encoding keys: %w", err)
	}
	if err := wholefile.Write(h.path(name), append(raw, '\n')); err != nil {
		return fmt.Errorf("writing keys: %w", err)
	}
	return nil
}

// sourceKeys reads them; without the file there are none.
func (h home) sourceKeys() (map[string]string, error) { return h.keysOf(sourceKeysFile) }

// ingestURLs are the addresses of the four ingestors: those of the running installation, else the usual ports of host.
func (h home) ingestURLs(host string) (map[string]string, error) {
	urls := demo.LocalURLs(host)
	in, found, err := h.readInstance()
	if err != nil || !found {
		return urls, err
	}
	for channel := range urls {
		if addr := in.Services["ingest-"+channel]; addr != "" {
			urls[channel] = "http://" + addr
		}
	}
	return urls, nil
}
