package stateredis

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"

	"github.com/redis/go-redis/v9"
)

// passing are the first words of answers of a server that cannot work at the moment: it loads its data, is a replica that nobody leads, or
// has no room.
var passing = []string{"LOADING", "CLUSTERDOWN", "MASTERDOWN", "TRYAGAIN", "READONLY", "BUSY", "OOM", "MISCONF", "NOREPLICAS", "MOVED", "ASK"}

// tooManyClients is such an answer too, under the word that stands before most errors.
const tooManyClients = "ERR max number of clients"

// errLoneNode says that the settings name one node of a cluster as if it were all.
var errLoneNode = errors.New("redis.addrs has one address, and a node of a cluster answers there: name several of its nodes, or set redis.cluster to true")

// explained names the setting behind an answer that the server gives for it.
func explained(err error) error {
	var answer redis.Error
	if !errors.As(err, &answer) {
		return explainedTLS(err)
	}
	word, _, _ := strings.Cut(answer.Error(), " ")
	switch {
	case word == "WRONGPASS", word == "NOAUTH":
		return fmt.Errorf("the server refuses the log-in, redis.username and redis.password: check both: %w", err)
	case word == "NOPERM":
		return fmt.Errorf("the user of redis.username lacks a right: give it all commands: %w", err)
	case strings.Contains(answer.Error(), "cluster support disabled"):
		return fmt.Errorf("redis.addrs or redis.cluster tells of a cluster, and the server is none: name one address: %w", err)
	}
	return err
}

// explainedTLS names the setting behind a handshake that cannot succeed.
func explainedTLS(err error) error {
	var plain tls.RecordHeaderError
	var authority x509.UnknownAuthorityError
	var name x509.HostnameError
	switch {
	case errors.As(err, &plain):
		return fmt.Errorf("the server speaks no TLS at this address: set redis.tls to false, or name its TLS port in redis.addrs: %w", err)
	case errors.As(err, &authority):
		return fmt.Errorf("the certificate of the server is signed by nobody in redis.tls_ca_file: add the certificate of its authority: %w", err)
	case errors.As(err, &name):
		return fmt.Errorf("the certificate of the server is for another name: set redis.tls_server_name to it, or address the server by it: %w", err)
	case wantsCertificate(err):
		return fmt.Errorf("the server wants a certificate that its authority signed: name it by redis.tls_cert_file and redis.tls_key_file: %w", err)
	}
	return err
}

// wantsCertificate reads what the server said of our own certificate. The standard library has no type for it.
func wantsCertificate(err error) bool {
	var op *net.OpError
	return errors.As(err, &op) && op.Op == "remote error" && (strings.Contains(op.Err.Error(), "certificate") || strings.Contains(op.Err.Error(), "handshake failure"))
}

// Refused reports whether an error of Connect stays until somebody changes the settings: a password or right that is wrong, a server that
// lacks what we need, a certificate that does not fit. Any other means that Redis is away.
func Refused(err error) bool {
	if errors.Is(err, errLoneNode) {
		return true
	}
	var answer redis.Error
	if errors.As(err, &answer) {
		word, _, _ := strings.Cut(answer.Error(), " ")
		return !slices.Contains(passing, word) && !strings.HasPrefix(answer.Error(), tooManyClients)
	}
	var plain tls.RecordHeaderError
	var certificate *tls.CertificateVerificationError
	var authority x509.UnknownAuthorityError
	var name x509.HostnameError
	return wantsCertificate(err) || errors.As(err, &plain) || errors.As(err, &certificate) || errors.As(err, &authority) || errors.As(err, &name)
}
