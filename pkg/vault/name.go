package vault

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"sync"

	"rcu/pkg/identifier"
)

// ErrBadName is returned for a text that is no profile id of the space.
var ErrBadName = errors.New("a profile id has 34 lower-case hexadecimal digits")

// spaceCache holds the block cipher of each space; spaces are few and declared.
type spaceCache struct{ blocks sync.Map } // space -> cipher.Block

func (k *Keyring) block(space string) cipher.Block {
	if b, ok := k.spaces.blocks.Load(space); ok {
		return b.(cipher.Block) //nolint:forcetypeassert,errcheck // nothing else is stored
	}
	key, err := hkdf.Key(sha256.New, k.names, nil, "rcu profile id/"+space, 16)
	if err != nil {
		panic("hkdf of a fixed length: " + err.Error())
	}
	b, err := aes.NewCipher(key)
	if err != nil {
		panic("aes of a 16-byte key: " + err.Error())
	}
	k.spaces.blocks.Store(space, b)
	return b
}

// Name returns the profile id (`rcu_id`) that a pseudonym gives: its version byte and AES-128 of its 16 bytes under a key
// of the space, as 34 lower-case hexadecimal digits (kernel.md 7).
func (k *Keyring) Name(space string, p identifier.Pseudonym) string {
	var out identifier.Pseudonym
	out[0] = p[0]
	k.block(space).Encrypt(out[1:], p[1:])
	var digits [2 * identifier.PseudonymSize]byte
	hex.Encode(digits[:], out[:])
	return string(digits[:])
}

// NameOf returns the profile id that an identifier gives; empty for one that is no pseudonym.
func (k *Keyring) NameOf(space string, id identifier.Key) string {
	p, err := id.Pseudonym()
	if err != nil {
		return ""
	}
	return k.Name(space, p)
}

// Identifier returns the pseudonym whose Name is name.
func (k *Keyring) Identifier(space, name string) (identifier.Pseudonym, error) {
	if len(name) != 2*identifier.PseudonymSize {
		return identifier.Pseudonym{}, ErrBadName
	}
	var in identifier.Pseudonym
	if _, err := hex.Decode(in[:], []byte(name)); err != nil || hex.EncodeToString(in[:]) != name {
		return identifier.Pseudonym{}, ErrBadName
	}
	out := in
	k.block(space).Decrypt(out[1:], in[1:])
	return out, nil
}
