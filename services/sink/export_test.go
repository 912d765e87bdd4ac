package sink

// UnifyBehaviour is the permission that gate G3 asks for.
const UnifyBehaviour = unifyBehaviour
