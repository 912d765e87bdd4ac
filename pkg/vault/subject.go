package vault

import (
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/tink-crypto/tink-go/v2/daead/subtle"
	"github.com/tink-crypto/tink-go/v2/tink"
)

// SubjectKey seals the traits of one subject: the first identifier of a leaf, at one controller. Equal values of one trait
// give equal bytes, so that folding an event again changes nothing; across subjects and traits nothing can be compared.
type SubjectKey struct {
	siv   tink.DeterministicAEAD
	since int64
}

const (
	// subjectSecret is the length of the secret that a subject's key is derived from: 128 bits. There is one for every identifier of everybody.
	subjectSecret = 16
	sinceSize     = 8 // of the time behind the secret of a key that came after an erasure
)

// NewSubjectKey makes a key and returns it with its wrapped form, which the caller stores before it uses the key.
func (k *Keyring) NewSubjectKey(controller, subject string) (SubjectKey, []byte, error) {
	return k.wrapSubject(controller, subject, randomBytes(subjectSecret))
}

// NewSubjectKeySince makes a key for a subject whose former key was destroyed by an erasure that ended at a time, in seconds. What was told up to then
// is never sealed again: the time is sealed into the wrapped form, so whoever holds the key knows it.
func (k *Keyring) NewSubjectKeySince(controller, subject string, since int64) (SubjectKey, []byte, error) {
	return k.wrapSubject(controller, subject, binary.BigEndian.AppendUint64(randomBytes(subjectSecret), uint64(max(since, 0))))
}

func (k *Keyring) wrapSubject(controller, subject string, secret []byte) (SubjectKey, []byte, error) {
	wrapped, err := k.kek.Encrypt(secret, subjectContext(controller, subject))
	if err != nil {
		return SubjectKey{}, nil, fmt.Errorf("wrapping a subject key: %w", err)
	}
	key, err := subjectKey(secret)
	return key, wrapped, err
}

// SubjectKey unwraps the key of a subject.
func (k *Keyring) SubjectKey(controller, subject string, wrapped []byte) (SubjectKey, error) {
	secret, err := k.kek.Decrypt(wrapped, subjectContext(controller, subject))
	if err != nil {
		return SubjectKey{}, errors.New("unwrapping a subject key: the key file is not the one it was wrapped with")
	}
	return subjectKey(secret)
}

// subjectKey derives a key from what was wrapped: the secret, and the time of NewSubjectKeySince.
func subjectKey(wrapped []byte) (SubjectKey, error) {
	secret, since := wrapped, int64(0)
	if len(wrapped) == subjectSecret+sinceSize {
		secret, since = wrapped[:subjectSecret], int64(binary.BigEndian.Uint64(wrapped[subjectSecret:])) //nolint:gosec // G115: written from a time
	}
	wide, err := hkdf.Key(sha256.New, secret, nil, "rcu traits", subtle.AESSIVKeySize)
	if err != nil {
		return SubjectKey{}, fmt.Errorf("deriving a subject key: %w", err)
	}
	siv, err := subtle.NewAESSIV(wide)
	if err != nil {
		return SubjectKey{}, fmt.Errorf("preparing a subject key: %w", err)
	}
	return SubjectKey{siv, since}, nil
}

// Since is up to when nothing that was told of the subject may be sealed: the end of an erasure, in seconds; 0: there was none.
func (k SubjectKey) Since() int64 { return k.since }

// Seal encrypts the value of one trait.
func (k SubjectKey) Seal(trait, value string) ([]byte, error) {
	sealed, err := k.siv.EncryptDeterministically([]byte(value), []byte(trait))
	if err != nil {
		return nil, fmt.Errorf("sealing a trait: %w", err)
	}
	return sealed, nil
}

// Open decrypts the value of one trait.
func (k SubjectKey) Open(trait string, sealed []byte) (string, error) {
	plain, err := k.siv.DecryptDeterministically(sealed, []byte(trait))
	if err != nil {
		return "", errors.New("opening a trait: it was changed or belongs to another subject")
	}
	return string(plain), nil
}

func subjectContext(controller, subject string) []byte {
	return []byte("subject/" + controller + "/" + subject)
}
