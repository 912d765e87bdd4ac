// Package profileapi is the service that answers who a customer is: by an identifier (POST, so that no personal value stands in
// a URL) or by an id. It reads Redis only, through the same code that publishes profiles.
//
// An answer is made for one reader, one role and one stated purpose. Leaves of controllers that the reader's key does not carry
// never enter it, a section that the role may not see is not sent, and browsing is shown only under a grant that holds now.
// The graph is the space's: its controllers agreed to share one, so ids and explanations are theirs together.
// Every read is one line on rcu.audit; a read that cannot be written down is refused.
package profileapi
