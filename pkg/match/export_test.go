package match

// Edits, BirthLevel, ParseDate, Sound, SplitFull are for tests.
var (
	Edits     = edits
	SplitFull = splitFull
	Sound     = sound
)
