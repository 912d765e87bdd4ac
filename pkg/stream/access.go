package stream

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"

	"github.com/segmentio/kafka-go"
)

// AccessError says that the brokers and this client do not let each other in,
// which no repetition changes.
type AccessError struct {
	// Setting of the Kafka configuration to look at.
	Setting string
	// Fix is what to do.
	Fix string
	// Err is the cause; it holds no secret.
	Err error
}

// Error names the setting and the fix.
func (e *AccessError) Error() string {
	return fmt.Sprintf("kafka and this client do not let each other in: %s: %s: %v", e.Setting, e.Fix, e.Err)
}

// Unwrap gives the cause.
func (e *AccessError) Unwrap() error { return e.Err }

// RightError says that the brokers refuse a topic to the user of this client,
// which no repetition changes.
type RightError struct {
	// Topic that is refused.
	Topic string
	// Right that is missing, as an operation of Kafka's access lists.
	Right string
	// Err is what the broker said.
	Err error
}

// Error names the right and who gives it.
func (e *RightError) Error() string {
	return fmt.Sprintf("kafka refuses %s: the user of this client lacks the right %s on that topic: deploy/kafka/acls gives it to the services that need it: %v",
		e.Topic, e.Right, e.Err)
}

// Unwrap gives the cause.
func (e *RightError) Unwrap() error { return e.Err }

// withRight names the right that a refusal is about; other errors come back as
// they are.
func withRight(err error, topic, right string) error {
	if errors.Is(err, kafka.TopicAuthorizationFailed) {
		return &RightError{Topic: topic, Right: right, Err: err}
	}
	return err
}

// explain finds the setting behind a refused connection; other errors come back
// as they are.
func explain(err error) error {
	if err == nil {
		return nil
	}
	denied := func(setting, fix string) error { return &AccessError{Setting: setting, Fix: fix, Err: err} }
	var kerr kafka.Error
	if errors.As(err, &kerr) {
		switch kerr {
		case kafka.SASLAuthenticationFailed:
			return denied("sasl.username, sasl.password", "the brokers refuse them: check both, and that the user exists for this mechanism")
		case kafka.UnsupportedSASLMechanism:
			return denied("sasl.mechanism", "the brokers do not take it: choose one that they enable")
		case kafka.IllegalSASLState:
			return denied("sasl.mechanism", "the brokers want a log-in: name the mechanism, the user and the password")
		default: // not about access
		}
	}
	var authority x509.UnknownAuthorityError
	var certificate x509.CertificateInvalidError
	var host x509.HostnameError
	var header tls.RecordHeaderError
	switch {
	case errors.As(err, &authority):
		return denied("tls.ca_file", "the broker's certificate is signed by nobody in it: add the certificate of the brokers' authority")
	case errors.As(err, &certificate) && certificate.Reason == x509.Expired:
		return denied("tls.ca_file", "the broker's certificate has expired or is not valid yet: renew it on the broker, or set this machine's clock")
	case errors.As(err, &host):
		return denied("tls.server_name", "the broker's certificate is for another name: set that name, or address the brokers by it")
	case errors.As(err, &header):
		return denied("tls.enabled", "the broker's listener speaks no TLS: set it to false, or name the TLS listener in brokers")
	case strings.Contains(err.Error(), "appears to be expecting TLS"):
		return denied("tls.enabled", "the broker's listener wants TLS: set it to true")
	}
	return explainAlert(err, denied)
}

// explainClosed guesses at a broker that closes every connection without a word,
// as some do with those that they do not let in.
func explainClosed(err error, loggedIn bool) error {
	switch {
	case !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF):
		return err
	case loggedIn:
		return &AccessError{Setting: "sasl.username, sasl.password", Fix: "the broker closes the connection at the log-in: check both", Err: err}
	default:
		return &AccessError{Setting: "tls.enabled, sasl.mechanism", Fix: "the broker closes the connection: does its listener want TLS or a log-in?", Err: err}
	}
}

// explainAlert reads what the broker said of our own certificate. The standard
// library has no type for it.
func explainAlert(err error, denied func(setting, fix string) error) error {
	var op *net.OpError
	if !errors.As(err, &op) || op.Op != "remote error" {
		return err
	}
	switch text := op.Err.Error(); {
	case strings.Contains(text, "expired certificate"):
		return denied("tls.cert_file", "this client's certificate has expired: renew it")
	case strings.Contains(text, "certificate"), strings.Contains(text, "handshake failure"):
		return denied("tls.cert_file", "the brokers want a certificate of this client that their authority signed: name it and its tls.key_file")
	}
	return err
}
