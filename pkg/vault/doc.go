// Package vault owns the secrets of an installation and everything that is done with them: pseudonyms, the digests of
// names, the ids of profiles, and the sealing of personal data.
//
// One key file holds the key-encryption key, the peppers and the secret of the profile ids. Data keys are random, wrapped
// under the key-encryption key, and stored elsewhere: daily keys of a controller on rcu.keys (raw events), one key per
// subject in Redis (traits). Destroying a wrapped key destroys what it sealed; no secret is ever printed or logged.
package vault
