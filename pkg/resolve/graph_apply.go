package resolve

import (
	"context"
	"errors"

	"rcu/pkg/consent"
	"rcu/pkg/identifier"
	"rcu/pkg/identity"
)

var errUnfinished = errors.New("graph planning is not written yet")

// Graph applies facts to the graphs of spaces.
type Graph struct {
	state  GraphState
	kernel *identity.Kernel
}

// NewGraph returns a graph over state. rules hold where a space has set none.
func NewGraph(state GraphState, rules identity.Rules) (*Graph, error) {
	k, err := identity.NewKernel(rules)
	return &Graph{state, k}, err
}

// Kernel returns the rules in force in a space.
func (g *Graph) Kernel(context.Context, string) (*identity.Kernel, error) { return g.kernel, nil }

// Apply plans and commits facts until they are stored, and returns a view over all identifiers named by them and by also.
func (g *Graph) Apply(ctx context.Context, space string, facts []identity.Fact, also []identifier.Key, now int64) (*View, error) {
	return nil, errUnfinished
}

// View reads identifiers as of now.
func (g *Graph) View(ctx context.Context, space string, keys []identifier.Key, now int64) (*View, error) {
	return nil, errUnfinished
}

// Explain answers for one identifier.
func (g *Graph) Explain(ctx context.Context, space string, key identifier.Key, now int64) (Explanation, error) {
	return Explanation{}, errUnfinished
}

// Candidates returns the profiles at the other ends of an identifier's edges.
func (g *Graph) Candidates(ctx context.Context, space string, key identifier.Key, now int64) ([]Profile, error) {
	return nil, errUnfinished
}

// Sweep judges what is due at now and returns how many components that were.
func (g *Graph) Sweep(ctx context.Context, space string, now int64, limit int) (int, error) {
	return 0, errUnfinished
}

// SetRules changes the rules of a space.
func (g *Graph) SetRules(ctx context.Context, space string, rules identity.Rules) error {
	return errUnfinished
}

// Rejudge does one step after a change of rules.
func (g *Graph) Rejudge(ctx context.Context, space, cursor string, limit int, now int64) (string, error) {
	return "", errUnfinished
}

// ReadOutbox returns entries after an id, oldest first.
func (g *Graph) ReadOutbox(ctx context.Context, space, after string, limit int) ([]OutboxEntry, error) {
	return nil, errUnfinished
}

// TrimOutbox forgets entries up to and including an id.
func (g *Graph) TrimOutbox(ctx context.Context, space, through string) error { return errUnfinished }

// View is what the graph says of some identifiers at one moment.
type View struct{}

// Standing implements identity.People.
func (v *View) Standing(identifier.Key) identity.Standing { return 0 }

// Naming implements identity.People.
func (v *View) Naming(k identifier.Key) identifier.Key { return k }

// Decisions implements identity.People.
func (v *View) Decisions(identifier.Key, identity.Purpose) consent.History { return consent.History{} }

// Profile returns the profile that holds k.
func (v *View) Profile(k identifier.Key) Profile { return Profile{} }

// Version returns the version of the record that holds k; 0 without one.
func (v *View) Version(k identifier.Key) uint64 { return 0 }

// Component returns the record that holds k; zero without one.
func (v *View) Component(k identifier.Key) ComponentKey { return ComponentKey{} }
