package main

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestCountry_ofNationalNumbersIsThatOfTheOperator(t *testing.T) {
	s := newSite(t)
	s.startRedis()
	s.run("resolver").until(http.StatusOK, "ready")
	const berlin = `{"namespace":"phone","value":"030 90182012"}` // no number of France
	for _, x := range []struct{ service, reader, path, body string }{
		{"profile-api", "desk", "/v1/profiles/lookup", `{"identifier":` + berlin + `,"purpose":"contract"}`},
		{"consent-api", "site", "/v1/consents", `{"point":` + berlin + `,"purpose":"marketing","channel":"sms","decision":"withdraw"}`},
		{"contacts", "site", "/v1/contacts/reserve", `{"id":"1","point":` + berlin + `,"channel":"sms","purpose":"marketing"}`},
		{"steward", "steward", "/v1/acts/preview", `{"op":"quarantine","a":` + berlin + `}`},
	} {
		r := s.run(x.service, "--set", "country=DE")
		r.until(http.StatusOK, "ready")
		var status int
		var body string
		require.Eventually(t, func() bool {
			status, body = r.ask(x.reader, x.path, x.body)
			return status != http.StatusServiceUnavailable
		}, 20*time.Second, 50*time.Millisecond, "%s of %s", body, x.service)
		require.True(t, status == http.StatusOK || status == http.StatusNotFound, "%s: %d %s", x.service, status, body)
		r.stop()
	}
}

func TestSettings_ports(t *testing.T) {
	s := defaultSettings()
	s.Ports = map[string]int{"profile-api": 9080, "steward": 0}
	require.NoError(t, s.Validate())
	ports := listenPorts(s)
	require.Equal(t, "127.0.0.1:9080", ports["profile-api"])
	require.Equal(t, "127.0.0.1:0", ports["steward"])
	require.Equal(t, "127.0.0.1:8081", ports["ingest-store"])
	s.Ports = map[string]int{"profil-api": 9080, "steward": 70_000}
	err := s.Validate()
	require.ErrorContains(t, err, "ports.profil-api: there is no such service")
	require.ErrorContains(t, err, "ports.steward: must be from 0 (a free one) to 65535")
}

func TestSettings_country(t *testing.T) {
	s := defaultSettings()
	require.NoError(t, s.Validate())
	s.Country, s.Contacts.Place = "Germany", "Mars"
	err := s.Validate()
	require.ErrorContains(t, err, "country: must be two capital letters")
	require.ErrorContains(t, err, "contacts.place: ")
}
