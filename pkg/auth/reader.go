package auth

import (
	"fmt"
	"os"
	"slices"
)

// Role says what kind of reader a key is.
type Role string

// The roles of readers.
const (
	RoleSeller   Role = "seller"   // in a store
	RolePickup   Role = "pickup"   // hands orders over
	RoleManager  Role = "manager"  // of a store
	RoleAdviser  Role = "adviser"  // call centre
	RoleService  Role = "service"  // site or app, for the person who is logged in
	RoleSteward  Role = "steward"  // answers for the identity graph
	RolePrivacy  Role = "privacy"  // privacy officer
	RoleOperator Role = "operator" // runs the product; sees no personal value
)

// Roles lists them all.
func Roles() []Role {
	return []Role{RoleSeller, RolePickup, RoleManager, RoleAdviser, RoleService, RoleSteward, RolePrivacy, RoleOperator}
}

// Valid reports whether r is a role of the product.
func (r Role) Valid() bool { return slices.Contains(Roles(), r) }

// Reader is the principal of a key that reads profiles.
type Reader struct {
	Name        string
	Role        Role
	Space       string
	Controllers []string // whose leaves may enter an answer
	Store       string   // of a seller's device; empty elsewhere
}

// Reads reports whether the reader carries a controller.
func (r Reader) Reads(controller string) bool { return slices.Contains(r.Controllers, controller) }

// ParseReaders reads a file of readers: a list `readers` of name, key_sha256, role, space, controllers and store. A reader whose key is being
// changed has old_key_sha256 besides, and gives two entries.
func ParseReaders(data []byte) ([]Entry[Reader], error) {
	list, err := ReadList(data, "readers")
	if err != nil {
		return nil, err
	}
	roles := make([]string, 0, len(Roles()))
	for _, r := range Roles() {
		roles = append(roles, string(r))
	}
	var out []Entry[Reader]
	names, hashes := map[string]bool{}, map[Hash]bool{}
	list.Each(func(f *Fields) {
		keys := f.KeyHashes(hashes)
		r := Reader{Name: f.Text("name"), Role: Role(f.Choice("role", roles...)), Space: f.Text("space"), Controllers: f.Texts("controllers")}
		r.Store, _ = f.OptionalText("store")
		Unique(f, "name", names, r.Name)
		out = append(out, EachKey(keys, r)...)
	})
	if err := list.Err(); err != nil {
		return nil, err
	}
	return out, nil
}

// LoadReaders reads and indexes a file of readers.
func LoadReaders(path string) (*Keys[Reader], error) {
	data, err := os.ReadFile(path) //nolint:gosec // G304: the operator names the file
	if err != nil {
		return nil, fmt.Errorf("reading readers: %w", err)
	}
	entries, err := ParseReaders(data)
	if err != nil {
		return nil, fmt.Errorf("reading readers in %s: %w", path, err)
	}
	return NewKeys(entries)
}

// Unique reports a problem of the field when the value was seen before; a zero value has a problem of its own already.
func Unique[T comparable](f *Fields, field string, seen map[T]bool, value T) {
	var zero T
	if value == zero {
		return
	}
	if seen[value] {
		f.Problem(field, "stands in an earlier entry too: make it different")
	}
	seen[value] = true
}
