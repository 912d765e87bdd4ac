package match

// Edits, Jaro, MostJaro, SplitFull, Sound are for tests.
var (
	Edits     = edits
	Jaro      = jaro
	MostJaro  = mostJaro
	SplitFull = splitFull
	Sound     = sound
)
