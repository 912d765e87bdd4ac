package profileapi_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestManyTickets_theNameStays(t *testing.T) {
	w := newWorld(t)
	w.send(till, "loyalty.enrolled", at(1, 8), fields{"identifiers": ids("card", card), "traits": fields{"given_name": "Marie"}, "data": fields{"programme": "club"}})
	for i := range 150 {
		w.send(till, "sale", at(2, 0).Add(time.Duration(i)*time.Hour), fields{
			"identifiers": append(ids("card", card), map[string]any{"namespace": "ticket", "value": fmt.Sprint(1000 + i)}), "data": total(100),
		})
	}
	a := newAPI(t, w, nil)
	r := a.lookup("service", "card", card, "contract").record()
	require.Equal(t, int64(150*100), r.Spend[0].Sales)
	require.Equal(t, "Marie", r.Traits["given_name"].Value)
	require.Len(t, r.Contacts, 1)
	require.NotEmpty(t, r.Orders[0].Number)
}
