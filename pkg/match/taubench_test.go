package match_test

import (
	"compress/gzip"
	"encoding/json"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"rcu/pkg/match"
	"rcu/pkg/testkit"
)

// TestNamesakesStayApart resolves the customers of tau-bench, 500 people of whom many share a name.
func TestNamesakesStayApart(t *testing.T) {
	f, err := os.Open(testkit.Data(t, "callcentre", "taubench_retail_users.json.gz"))
	require.NoError(t, err)
	defer f.Close()
	in, err := gzip.NewReader(f)
	require.NoError(t, err)
	var users map[string]struct {
		Name struct {
			First string `json:"first_name"`
			Last  string `json:"last_name"`
		} `json:"name"`
		Address map[string]string `json:"address"`
		Email   string            `json:"email"`
	}
	require.NoError(t, json.NewDecoder(in).Decode(&users))
	var rows [][]string
	var ids []string
	for id, u := range users {
		rows = append(rows, []string{u.Name.First, u.Name.Last, u.Address["address1"], u.Address["city"], u.Address["zip"], u.Address["state"], u.Email})
		ids = append(ids, id)
	}
	r := build([]string{"first_name", "last_name", "address1", "city", "zip", "state", "email"}, rows, ids)
	names := map[string]string{}
	for i, id := range ids {
		names[id] = rows[i][0] + " " + rows[i][1]
	}
	sure := match.Resolve(r, .99, nil)
	for way, people := range map[string][]int{
		"proposed": match.Resolve(r, match.Threshold, nil).Clusters, "at .99": sure.Clusters, "linked by the rule at .99": linked(t, r, sure.Pairs, .99),
	} {
		members := map[int][]string{}
		for i, row := range r.Rows() {
			members[people[i]] = append(members[people[i]], row.ID)
		}
		joined := 0
		for _, group := range members {
			joined += len(group) - 1
			for i := range group {
				for _, other := range group[:i] {
					require.NotEqual(t, names[group[i]], names[other], "two people of one name are joined: %s, %s", group[i], other)
				}
			}
		}
		t.Logf("%s: %d of %d joined", way, joined, len(rows))
	}
}
