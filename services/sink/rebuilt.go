package sink

// Topics lists the topics that the sink reads.
func Topics() []string { return topics() }
