package main

// The acts, each with a help of its own.
type (
	banCmd        struct{ pairActCmd }
	togetherCmd   struct{ pairActCmd }
	clearCmd      struct{ pairActCmd }
	quarantineCmd struct{ oneActCmd }
	releaseCmd    struct{ oneActCmd }
	autoCmd       struct{ oneActCmd }
)

func helpOfAct(example string) string {
	return "Shows first who would part and who would join, then asks.\n\n" + exitActHelp + "\n\nExample:\n\n  " + example
}

// Help gives the example.
func (banCmd) Help() string {
	return helpOfAct(`rcu act ban phone:+33612345678 customer:E-1042 --reason "the number was given to somebody else"`)
}

// Help gives the example.
func (togetherCmd) Help() string {
	return helpOfAct(`rcu act together card:2990001234567 customer:E-1042 --reason "she showed both in the store"`)
}

// Help gives the example.
func (clearCmd) Help() string {
	return helpOfAct(`rcu act clear phone:+33612345678 customer:E-1042 --reason "the number is hers after all"`)
}

// Help gives the example.
func (quarantineCmd) Help() string {
	return helpOfAct(`rcu act quarantine email:caisse@example.org --reason "typed at every till"`)
}

// Help gives the example.
func (releaseCmd) Help() string {
	return helpOfAct(`rcu act release phone:+33612345678 --reason "the new owner showed a contract"`)
}

// Help gives the example.
func (autoCmd) Help() string {
	return helpOfAct(`rcu act auto email:caisse@example.org --reason "the tills do not type it any more"`)
}
