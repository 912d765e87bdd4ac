// Package contacts is the service that is asked before a person is contacted: it reserves a contact, confirms it at the moment of handing it
// over, and takes back what is not sent.
//
// Every step reads the consent registers in Redis at their source: no answer is cached. What cannot be read is not allowed. Contacts that serve
// a contract ask nobody and are not counted; they are answered without Redis. Point values stand in bodies alone, never in URLs, logs or keys.
package contacts
