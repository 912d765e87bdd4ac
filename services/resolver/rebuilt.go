package resolver

import (
	"rcu/pkg/resolve"
	eventpb "rcu/schemas/event"
)

// OwnerCell is the cell of the last published owner of a leaf, as an override of rcu.owners leaves it. Its version is the number of the
// override, so that the newest of several is known.
func OwnerCell(o *eventpb.Owner) resolve.Cell {
	return resolve.Cell{
		Key: resolve.OwnerValue(o.GetSpace(), o.GetLeafKey()), Version: o.GetVersion(),
		Value: override{o.GetVersion(), rowOwner(o.GetRcuId())}.encode(),
	}
}

// Counters lists the keys of the numbers of a space that are not drawn by the graph: of overrides and of profiles.
func Counters(space string) (overrides, profiles string) { return "ov:" + space, "pv:" + space }

// Topics lists the topics that the resolver reads.
func Topics() []string { return topics() }
