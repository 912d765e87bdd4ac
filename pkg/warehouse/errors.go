package warehouse

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"regexp"
	"strings"

	"github.com/ClickHouse/clickhouse-go/v2"
)

// Error is an answer of ClickHouse that is no success. Its text holds the code and name only: the engine's own text can hold
// values of rows, and errors end in logs.
type Error struct {
	// Code of the engine, as in system.errors; 0 when the engine gave none.
	Code int32
	// Name of the code, such as UNKNOWN_TABLE; may be empty.
	Name string
	// Status is the HTTP status when there was no code.
	Status int

	detail string
}

// Error gives the code and its name.
func (e *Error) Error() string {
	switch {
	case e.LoginRefused():
		return fmt.Sprintf("clickhouse answered with code %d (%s): check user and password of its address (clickhouse.url)", e.Code, e.Name)
	case e.Name != "":
		return fmt.Sprintf("clickhouse answered with code %d (%s)", e.Code, e.Name)
	case e.Code != 0:
		return fmt.Sprintf("clickhouse answered with code %d", e.Code)
	default:
		return fmt.Sprintf("clickhouse answered with HTTP status %d", e.Status)
	}
}

// Codes of the engine that callers tell apart.
const (
	codeSyntax           = 62
	codeUnknownDatabase  = 81
	codeUnknownTable     = 60
	codeAccessDenied     = 497
	codeAuthentication   = 516
	codeRequiredPassword = 194
)

// Errors of a connection that waiting does not mend.
var (
	errNoTLS       = errors.New("the server does not speak TLS there: name its port for https in clickhouse.url, or say http")
	errCertificate = errors.New("its certificate does not fit")
)

// Refused reports whether an error stays until somebody changes the settings or the server's: a log-in or right, or TLS that does not fit.
func Refused(err error) bool {
	var e *Error
	return errors.As(err, &e) && (e.LoginRefused() || e.AccessDenied()) || errors.Is(err, errNoTLS) || errors.Is(err, errCertificate)
}

// misfit tells of TLS that does not fit; nil: the error is of another kind.
func misfit(err error) error {
	var plain tls.RecordHeaderError
	if errors.Is(err, http.ErrSchemeMismatch) || errors.As(err, &plain) {
		return fmt.Errorf("talking to clickhouse: %w", errNoTLS)
	}
	var certificate *tls.CertificateVerificationError
	if errors.As(err, &certificate) {
		return fmt.Errorf("talking to clickhouse: %w: %w", errCertificate, certificate.Err)
	}
	return nil
}

// AccessDenied says that the user may not do what was asked.
func (e *Error) AccessDenied() bool { return e.Code == codeAccessDenied }

// LoginRefused says that user or password are wrong.
func (e *Error) LoginRefused() bool {
	return e.Code == codeAuthentication || e.Code == codeRequiredPassword
}

// detailCodes are the codes whose text speaks of the statement alone: names, grammar, rights, limits.
var detailCodes = map[int32]bool{
	10: true, 16: true, 36: true, 42: true, 43: true, 46: true, 47: true, 51: true, codeUnknownTable: true, codeSyntax: true,
	codeUnknownDatabase: true, 115: true, 158: true, 159: true, 164: true, 179: true, 184: true, 215: true, 241: true, 307: true,
	396: true, codeAccessDenied: true,
}

var quoted = regexp.MustCompile(`'(?:[^'\\]|\\.)*'`)

// Detail is what the engine said, for the person who typed the statement; never for a log. It is empty unless the error is about
// the statement itself, and quoted texts are left out.
func (e *Error) Detail() string { return e.detail }

func statementDetail(code int32, message string) string {
	if !detailCodes[code] {
		return ""
	}
	message, _, _ = strings.Cut(message, "\n")
	message = quoted.ReplaceAllString(message, "'…'")
	if i := strings.Index(message, ": While processing"); i > 0 {
		message = message[:i]
	}
	const longest = 600
	if r := []rune(message); len(r) > longest {
		message = string(r[:longest]) + "…"
	}
	return message
}

var errorName = regexp.MustCompile(`\(([A-Z][A-Z0-9_]+)\)`)

// redact turns whatever the client library reports into an error without the engine's text.
func redact(err error) error {
	if err == nil {
		return nil
	}
	var ex *clickhouse.Exception
	if errors.As(err, &ex) {
		name := ex.Name
		if !errorName.MatchString("(" + name + ")") {
			name = ""
			if all := errorName.FindAllStringSubmatch(ex.Message, -1); len(all) > 0 {
				name = all[len(all)-1][1]
			}
		}
		return &Error{Code: ex.Code, Name: name, detail: statementDetail(ex.Code, ex.Message)}
	}
	var he *clickhouse.HTTPError
	if errors.As(err, &he) {
		return &Error{Status: he.StatusCode}
	}
	if err := misfit(err); err != nil {
		return err
	}
	for _, plain := range []error{context.Canceled, context.DeadlineExceeded, clickhouse.ErrAcquireConnTimeout} {
		if errors.Is(err, plain) {
			return plain
		}
	}
	var op *net.OpError
	if errors.As(err, &op) {
		return fmt.Errorf("clickhouse does not answer: %w", op)
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("clickhouse broke the connection: %w", io.ErrUnexpectedEOF)
	}
	var ne net.Error
	if errors.As(err, &ne) {
		return fmt.Errorf("clickhouse does not answer (timeout %t)", ne.Timeout())
	}
	return fmt.Errorf("talking to clickhouse: %T", err)
}
