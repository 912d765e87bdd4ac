// Package tlsfile reads what a client of a server needs for TLS from files that the operator names.
//
// Invariant: an error names the setting and the file, and nothing that stands in the file.
package tlsfile

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
)

// Files names what a client trusts and who it is. Empty fields: the certificates of the system, no certificate, the name of the address.
type Files struct {
	CA, Cert, Key string // paths of PEM files
	ServerName    string // that the certificate of the server must carry
}

// Named reports whether anything is set.
func (f Files) Named() bool { return f != Files{} }

// Problems tells what is wrong with the files, each with the name of its setting: setting gives that of ca_file, cert_file and key_file.
func (f Files) Problems(setting func(field string) string) (problems map[string]error) {
	problems = map[string]error{}
	if f.CA != "" {
		if _, err := authorities(f.CA); err != nil {
			problems[setting("ca_file")] = err
		}
	}
	switch {
	case (f.Cert == "") != (f.Key == ""):
		problems[setting("cert_file")] = errors.New("goes together with " + setting("key_file"))
	case f.Cert != "":
		if _, err := pair(f.Cert, f.Key); err != nil {
			problems[setting("cert_file")] = err
		}
	}
	return problems
}

// Config is the client's side of TLS.
func (f Files) Config() (*tls.Config, error) {
	out := &tls.Config{MinVersion: tls.VersionTLS12, ServerName: f.ServerName}
	if f.CA != "" {
		pool, err := authorities(f.CA)
		if err != nil {
			return nil, fmt.Errorf("ca_file: %w", err)
		}
		out.RootCAs = pool
	}
	if f.Cert != "" {
		cert, err := pair(f.Cert, f.Key)
		if err != nil {
			return nil, fmt.Errorf("cert_file: %w", err)
		}
		out.Certificates = []tls.Certificate{cert}
	}
	return out, nil
}

func authorities(path string) (*x509.CertPool, error) {
	pem, err := os.ReadFile(path) //nolint:gosec // G304: the operator names the file
	if err != nil {
		return nil, fmt.Errorf("reading certificates: %w", err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("reading certificates in %s: it holds none (PEM)", path)
	}
	return pool, nil
}

func pair(cert, key string) (tls.Certificate, error) {
	out, err := tls.LoadX509KeyPair(cert, key)
	if err != nil {
		return out, fmt.Errorf("reading the certificate %s with its key %s: %w", cert, key, err)
	}
	return out, nil
}
