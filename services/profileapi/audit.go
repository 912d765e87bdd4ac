package profileapi

type auditOutcome string

// Outcomes of a read.
const (
	outcomeOK         auditOutcome = "ok"
	outcomeNotFound   auditOutcome = "not_found"
	outcomeDenied     auditOutcome = "denied"
	outcomeCandidates auditOutcome = "candidates"
)
