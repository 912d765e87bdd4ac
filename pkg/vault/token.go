package vault

import (
	"crypto/ed25519"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"

	"github.com/tink-crypto/tink-go/v2/aead/subtle"
)

// ErrBadToken is returned for a text that is no token of this kind, or was changed.
var ErrBadToken = errors.New("is no token of this kind, or was changed")

// Tokens seals small contents into texts that can stand in a link: nobody reads or changes them, and one kind never passes for another.
type Tokens struct {
	kind string
	aead *subtle.AESGCM
}

// Tokens returns the tokens of a kind.
func (k *Keyring) Tokens(kind string) (*Tokens, error) {
	secret, err := hkdf.Key(sha256.New, k.names, nil, "rcu token "+kind, secretSize)
	if err != nil {
		return nil, fmt.Errorf("deriving the key of tokens: %w", err)
	}
	aead, err := subtle.NewAESGCM(secret)
	if err != nil {
		return nil, fmt.Errorf("preparing the key of tokens: %w", err)
	}
	return &Tokens{kind, aead}, nil
}

// Seal makes a token of content.
func (t *Tokens) Seal(content []byte) (string, error) {
	sealed, err := t.aead.Encrypt(content, []byte(t.kind))
	if err != nil {
		return "", fmt.Errorf("sealing a token: %w", err)
	}
	return base64.RawURLEncoding.EncodeToString(sealed), nil
}

// Open returns the content of a token. Only the very text that Seal gave opens.
func (t *Tokens) Open(token string) ([]byte, error) {
	sealed, err := base64.RawURLEncoding.Strict().DecodeString(token)
	if err != nil {
		return nil, ErrBadToken
	}
	content, err := t.aead.Decrypt(sealed, []byte(t.kind))
	if err != nil {
		return nil, ErrBadToken
	}
	return content, nil
}

// Secret returns the secret of a kind, 32 bytes: for what is signed by other means, as the sessions of a page.
func (k *Keyring) Secret(kind string) ([]byte, error) {
	secret, err := hkdf.Key(sha256.New, k.names, nil, "rcu secret "+kind, secretSize)
	if err != nil {
		return nil, fmt.Errorf("deriving a secret: %w", err)
	}
	return secret, nil
}

// Signer signs what others may hold against us later. Whoever has the public key can verify it.
type Signer struct{ key ed25519.PrivateKey }

// Signer returns the signer of a kind of statement.
func (k *Keyring) Signer(kind string) (*Signer, error) {
	seed, err := hkdf.Key(sha256.New, k.names, nil, "rcu signature "+kind, ed25519.SeedSize)
	if err != nil {
		return nil, fmt.Errorf("deriving a signing key: %w", err)
	}
	return &Signer{ed25519.NewKeyFromSeed(seed)}, nil
}

// Sign signs content. Equal contents have equal signatures.
func (s *Signer) Sign(content []byte) []byte { return ed25519.Sign(s.key, content) }

// Verify reports whether Sign of the same installation and kind made the signature.
func (s *Signer) Verify(content, signature []byte) bool {
	return ed25519.Verify(s.Public(), content, signature)
}

// Public is the public key (Ed25519).
func (s *Signer) Public() ed25519.PublicKey { return s.key.Public().(ed25519.PublicKey) } //nolint:errcheck,forcetypeassert // it is one
