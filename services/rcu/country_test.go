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

func TestSettings_country(t *testing.T) {
	s := defaultSettings()
	require.NoError(t, s.Validate())
	s.Country, s.Contacts.Place = "Germany", "Mars"
	err := s.Validate()
	require.ErrorContains(t, err, "country: must be two capital letters")
	require.ErrorContains(t, err, "contacts.place: ")
}
