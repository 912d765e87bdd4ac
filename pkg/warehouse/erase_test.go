package warehouse_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rcu/pkg/embedded"
	"rcu/pkg/identifier"
	"rcu/pkg/testkit"
	"rcu/pkg/warehouse"
)

// Names of somebody who is erased, and of somebody who is not.
const gone, stays = "aaaagone0001", "bbbbstays001"

// lived writes rows of a person in every table.
func lived(t *testing.T, w *warehouse.Warehouse, n byte, rcuID string) {
	t.Helper()
	l := leaf(n)
	browse(t, w, l, rcuID, rcuID+"-seen")
	bought(t, w, l, "o"+rcuID, rcuID, day)
	bought(t, w, l, "p"+rcuID, rcuID, day.AddDate(0, -3, 0))
	override(t, w, l, rcuID, uint64(n))
	contacts, profiles, identifiers, changes := warehouse.NewContacts(), warehouse.NewProfiles(), warehouse.NewProfileIdentifiers(), warehouse.NewIdentityChanges()
	contacts.Append(&warehouse.ContactRow{Fact: fact("ka", l, "c"+rcuID, rcuID, "call.ended", "callcentre"), Reference: rcuID + "-call"})
	profiles.Append(profile(rcuID, 1, false))
	identifiers.Append(&warehouse.ProfileIdentifierRow{Controller: "ka", Space: "fr", RCUID: rcuID, Namespace: "email", Pseudonym: pointText(n), Version: 1})
	identifiers.Append(&warehouse.ProfileIdentifierRow{Controller: "ka", Space: "fr", RCUID: rcuID + "former", Namespace: "email", Pseudonym: pointText(n), Version: 1})
	changes.Append(&warehouse.IdentityChangeRow{Space: "fr", ID: "1-" + rcuID, Kind: "merged", RCUID: "other", Before: []string{"x", rcuID}, At: day.UnixMicro()})
	changes.Append(&warehouse.IdentityChangeRow{Space: "fr", ID: "2-" + rcuID, Kind: "created", RCUID: rcuID, At: day.UnixMicro()})
	for _, b := range []warehouse.Block{contacts, profiles, identifiers, changes} {
		insert(t, w, b)
	}
}

func point(n byte) (p identifier.Pseudonym) {
	for i := range p {
		p[i] = 77*n + byte(i*i)*13
	}
	return p
}

func pointText(n byte) string { p := point(n); return fmt.Sprintf("%x", p[:]) }

// uuidText and uuidBytes are a leaf as a column shows it, and as half of it lies in a file.
func uuidText(n byte) string {
	l := leaf(n)
	return fmt.Sprintf("%x-%x-%x-%x-%x", l[:4], l[4:6], l[6:8], l[8:10], l[10:])
}

func uuidBytes(n byte) string {
	l := leaf(n)
	slices.Reverse(l[8:])
	return string(l[8:])
}

func erasure() []warehouse.Erasure {
	return []warehouse.Erasure{{
		Controller: "ka", Leaves: [][16]byte{leaf(1)}, Names: []string{gone}, Points: []identifier.Pseudonym{point(1)}, Changes: []string{gone},
	}}
}

// ofShop is what the shop sold, and all of somebody else.
func ofShop(t *testing.T, w *warehouse.Warehouse) []any {
	t.Helper()
	out := []any{
		ask(t, w, "SELECT * EXCEPT (customers, anonymous) FROM orders_by_channel ORDER BY ALL"),
		ask(t, w, "SELECT sku, sum(amount), sum(quantity), count() FROM order_lines FINAL GROUP BY sku ORDER BY ALL"),
		ask(t, w, "SELECT * FROM customer_360 WHERE rcu_id = '"+stays+"'"),
		ask(t, w, "SELECT * FROM customer_timeline WHERE rcu_id = '"+stays+"' ORDER BY event_key"),
	}
	for _, table := range []string{"events", "orders", "order_lines", "contacts", "profiles", "profile_identifiers"} {
		out = append(out, ask(t, w, "SELECT * FROM "+table+" FINAL WHERE rcu_id = '"+stays+"' ORDER BY ALL"))
	}
	return append(out, ask(t, w, "SELECT * FROM identity_changes FINAL WHERE id LIKE '%"+stays+"' ORDER BY ALL"))
}

// engine is an engine with files of its own, and its folder.
func engine(t *testing.T) (*warehouse.Warehouse, string) {
	t.Helper()
	dir := t.TempDir()
	c := testkit.ClickHouseServer(t, embedded.ClickHouseConfig{Dir: dir})
	cfg, err := warehouse.ParseURL(c.DSN(embedded.UserAdmin, "rcu"))
	require.NoError(t, err)
	return openAs(t, cfg, true), dir
}

// filesWith counts the files below a folder that hold one of some texts.
func filesWith(t *testing.T, dir string, texts ...string) (n int) {
	t.Helper()
	require.NoError(t, filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return nil //nolint:nilerr // parts come and go
		}
		content, _ := os.ReadFile(path)
		for _, x := range texts {
			if strings.Contains(string(content), x) {
				n++
				break
			}
		}
		return nil
	}))
	return n
}

// TestErase_rowsAndFilesAreGone: no row and no file has anything of the person; of the other nothing is missing, and the shop sold what it sold.
func TestErase_rowsAndFilesAreGone(t *testing.T) {
	w, dir := engine(t)
	each := func(statement string) {
		for _, x := range []string{"events", "orders", "order_lines", "contacts", "leaf_owners", "profiles", "profile_identifiers", "identity_changes"} {
			require.NoError(t, w.Exec(t.Context(), fmt.Sprintf(statement, x)))
		}
	}
	each("ALTER TABLE %s MODIFY SETTING old_parts_lifetime = 3600, min_bytes_for_wide_part = 0, cleanup_delay_period = 1, max_cleanup_delay_period = 1, cleanup_delay_period_random_add = 0")
	each("DETACH TABLE %s") // whoever cleans a table sleeps by the settings of before, for up to five minutes
	each("ATTACH TABLE %s")
	lived(t, w, 1, gone)
	lived(t, w, 2, stays)
	before := ofShop(t, w)
	require.Positive(t, filesWith(t, dir, uuidBytes(1)))
	require.Positive(t, filesWith(t, dir, pointText(1)))
	at, err := w.Erase(t.Context(), erasure())
	require.NoError(t, err)
	require.Equal(t, before, ofShop(t, w))
	done, err := w.FilesGone(t.Context(), at)
	require.NoError(t, err)
	require.False(t, done, "the files of before are there for a while")
	require.Positive(t, filesWith(t, dir, pointText(1)), "whoever does not wait for them leaves bytes")
	each("ALTER TABLE %s MODIFY SETTING old_parts_lifetime = 1")
	for deadline := time.Now().Add(time.Minute); !done; <-time.After(100 * time.Millisecond) {
		require.True(t, time.Now().Before(deadline), "the files stay")
		done, err = w.FilesGone(t.Context(), at)
		require.NoError(t, err)
	}
	for _, x := range ask(t, w, "SELECT name FROM system.tables WHERE database = 'rcu' AND engine != 'View' AND engine != 'Dictionary'") {
		for _, row := range ask(t, w, fmt.Sprintf("SELECT * FROM %s SETTINGS apply_deleted_mask = 0", x["name"])) {
			text := fmt.Sprint(row)
			if x["name"] == "orders" || x["name"] == "order_lines" { // under the shop's own number
				delete(row, "event_id")
				text = fmt.Sprint(row)
			}
			require.NotContains(t, text, gone, x["name"])
			require.NotContains(t, text, pointText(1), x["name"])
			require.NotContains(t, text, uuidText(1), x["name"])
		}
	}
	require.Equal(t, before, ofShop(t, w))
	require.Positive(t, filesWith(t, dir, pointText(2)), "the search sees what lies in files")
	require.Zero(t, filesWith(t, dir, uuidBytes(1), pointText(1), uuidText(1), gone+"-seen"))

	again, err := w.Erase(t.Context(), erasure())
	require.NoError(t, err)
	require.GreaterOrEqual(t, again, at)
	require.Equal(t, before, ofShop(t, w))
}
