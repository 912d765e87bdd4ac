package stateredis

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"slices"
	"strings"

	"github.com/redis/go-redis/v9"
)

// passing are the first words of answers of a server that cannot work at the moment: it loads its data, is a replica that nobody leads, or
// has no room.
var passing = []string{"LOADING", "CLUSTERDOWN", "MASTERDOWN", "TRYAGAIN", "READONLY", "BUSY", "OOM", "MISCONF", "NOREPLICAS", "MOVED", "ASK"}

// tooManyClients is such an answer too, under the word that stands before most errors.
const tooManyClients = "ERR max number of clients"

// Refused reports whether an error of Connect stays until somebody changes the settings: a password or right that is wrong, a server that
// lacks what we need, a certificate that does not fit. Any other means that Redis is away.
func Refused(err error) bool {
	var answer redis.Error
	if errors.As(err, &answer) {
		word, _, _ := strings.Cut(answer.Error(), " ")
		return !slices.Contains(passing, word) && !strings.HasPrefix(answer.Error(), tooManyClients)
	}
	var plain tls.RecordHeaderError
	var certificate *tls.CertificateVerificationError
	var authority x509.UnknownAuthorityError
	var name x509.HostnameError
	return errors.As(err, &plain) || errors.As(err, &certificate) || errors.As(err, &authority) || errors.As(err, &name)
}
