package ingest_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"rcu/services/ingest"
)

func TestCorrectionOrigins_oneForEachController(t *testing.T) {
	page := func(name, controller string) ingest.SourceSpec {
		return ingest.SourceSpec{
			Name: name, Channel: "web", Space: "group", Controller: controller, Brand: "maison", Zone: "Europe/Paris", Country: "FR", Currency: "EUR",
			Trust: "self", Corrections: true,
		}
	}
	shop := page("shop-fr", "retail")
	shop.Corrections = false
	file, _, err := ingest.GenerateSources([]ingest.SourceSpec{shop, page("preference-centre", "retail"), page("choices-digital", "digital")})
	require.NoError(t, err)
	entries, err := ingest.ParseSources(file)
	require.NoError(t, err)
	origins := ingest.CorrectionOrigins(entries)
	require.Len(t, origins, 2)
	require.Equal(t, "preference-centre", origins["retail"].Source)
	require.Equal(t, "digital", origins["digital"].Controller)
	require.Equal(t, "Europe/Paris", origins["digital"].Zone.String())
	require.False(t, origins["digital"].SharedDevice)

	_, _, err = ingest.GenerateSources([]ingest.SourceSpec{page("one", "retail"), page("two", "retail")})
	require.ErrorContains(t, err, "sources[1].corrections")
	desk := page("desk", "retail")
	desk.Channel = "callcentre"
	_, _, err = ingest.GenerateSources([]ingest.SourceSpec{desk})
	require.ErrorContains(t, err, "sources[0].corrections")
}
