package sink

// unifyBehaviour is the bit of the permission mask that allows behaviour on a record.
const unifyBehaviour uint64 = 1 << 1

// mayShow is gate G3: whether a row of this class may carry the id of a record.
func mayShow(behaviour bool, permissions uint64) bool {
	return !behaviour || permissions&unifyBehaviour != 0
}
