package identity_test

import (
	"fmt"
	"strings"
	"testing"

	"rcu/pkg/identity"
)

// Row 38: two customers who were seen on a device that is marked shared are never one person through it; on a device of their own they are.
func TestRow38_sharedDeviceJoinsNobody(t *testing.T) {
	solve := func(shared bool) *identity.Answer {
		t.Helper()
		answer, err := identity.Solve(strings.NewReader(fmt.Sprintf(`{"kind":"now","t":9000}
{"kind":"decision","id":"d","point":"cookie:kiosk","t":500,"purpose":"unify_behaviour","dec":"grant"}
{"kind":"event","id":"1","t":1000,"ids":["email:anna","cookie:kiosk"],"shared":%[1]t}
{"kind":"event","id":"2","t":2000,"ids":["phone:bert","cookie:kiosk"],"shared":%[1]t}
`, shared)), nil)
		if err != nil {
			t.Fatal(err)
		}
		return answer
	}
	together := func(a *identity.Answer) bool {
		for _, members := range a.Profiles {
			all := strings.Join(members, " ")
			if strings.Contains(all, "email:anna") && strings.Contains(all, "phone:bert") {
				return true
			}
		}
		return false
	}
	if a := solve(true); together(a) {
		t.Errorf("a kiosk made two customers one: %v", a.Profiles)
	}
	if a := solve(false); !together(a) {
		t.Errorf("without the mark the same facts join: %v", a.Profiles)
	}
}
