package resolver

// faults are wrong variants that tests switch on, to prove that the laws catch them. Nothing else can reach them.
var faults struct {
	skipFenced     bool // what was folded before is not emitted again
	ignoreConsent  bool // browsing of a log-in is the person's without a grant
	trimEarly      bool // entries of the outbox are forgotten before their profiles are out
	commitEarly    bool // offsets are committed before the changelogs are out
	sharedFence    bool // the history lane moves the fences of the live events
	unbound        bool // a batch goes on when another server is met
	skipMarks      bool // nobody looks at the markers
	keepCaches     bool // what was kept of the store is used behind a loss
	markEarly      bool // the marker is left before the batch has written
	listLate       bool // leaves are listed when everything else is done
	skipOutbox     bool // entries of the outbox are passed over
	keepOvertaken  bool // a changelog may end with an older value than the store holds
	keysLast       bool // keys of subjects go out with what they seal, not before it
	outboxBehind   bool // offsets do not wait for the outbox
	barrier        bool // a look for another store stops all batches, whether there is one or not
	tornRun        bool // a changelog of the graph counts as whole wherever the publisher stands
	spaceChoices   bool // what one controller of the space was told counts for the browsing of another
	forgetTold     bool // nobody compares what was told of owners with a store that lost its last writes
	toldAlways     bool // every name that is not a person's is told to be gone, also one that nobody was told of
	toldNever      bool // no name is told to be gone because a leaf moved or a record was made
	noExpress      bool // what people asked for waits for its turn
	owedBlindly    bool // profiles count as pending whether or not their entries were looked at
	promptLate     bool // what is new of a person waits for the rest of its batch
	unmarked       bool // what is new of a person is not marked as such
	newsLost       bool // a leaf that changes again before it is out is no longer one that says something new
	keepKeys       bool // keys of subjects are kept ready without end
	keyAgain       bool // a subject whose key was destroyed gets another at once
	keepBefore     bool // a key that came after an erasure seals what was told before, too
	owedDropped    bool // what is pending of a profile between which a leaf moved is taken and not told
	listOnce       bool // a leaf that was listed once is taken for listed for good, though it was removed since
	outBlindly     bool // a portion that is out counts for all of them
	oneSource      bool // the events of a run are fenced as if all came from its first batch
	scattered      bool // each name of a person is published where it comes
	leaseForgotten bool // a publisher that takes long does not renew its lease meanwhile
	settledBlindly bool // an override that was told and forgotten counts as told with all that belongs to it
	toldOnce       bool // who was overtaken does not look again at the owners and profiles that it told
	soldByTeller   bool // that a sale was taken back is told with the time of the event that tells it
}
