// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"

	"golang.org/x/crypto/hkdf"
	"maunium.net/go/mautrix/crypto/canonicaljson"
	"maunium.net/go/mautrix/crypto/goolm/crypto"
	"maunium.net/go/mautrix/crypto/goolm/goolmbase64"
)

var errSignature = errors.New("bad signature")

// canonicalise writes canonical JSON as mautrix-go does before it checks or makes a signature.
func canonicalise(given input) (values, error) {
	canonical, err := canonicaljson.CanonicalJSON(given.bytes("json"))
	if err != nil {
		return nil, err
	}
	return values{"canonical": hex.EncodeToString(canonical)}, nil
}

func decodeBase64(given input) (values, error) {
	if given.boolean("url_safe") {
		return nil, unsupported("goolm reads one alphabet")
	}
	data, err := goolmbase64.Decode(given.bytes("text"))
	if err != nil {
		return nil, err
	}
	return values{"data": hex.EncodeToString(data)}, nil
}

func encodeBase64(given input) (values, error) {
	if given.boolean("url_safe") {
		return nil, unsupported("goolm writes one alphabet")
	}
	return values{"text": hex.EncodeToString(goolmbase64.Encode(given.bytes("data")))}, nil
}

// verify is the check of goolm, which is stricter with keys than that of the standard library.
func verify(given input) (values, error) {
	key := crypto.Ed25519PublicKey(given.bytes("public_key"))
	if !key.Verify(given.bytes("message"), given.bytes("signature")) {
		return nil, errSignature
	}
	return values{}, nil
}

func sign(given input) (values, error) {
	seed := given.bytes("seed")
	if len(seed) != 32 {
		return nil, unsupported("a seed of another length") // its interface rules it out
	}
	pair := crypto.Ed25519GenerateFromSeed(seed)
	signature, err := pair.Sign(given.bytes("message"))
	if err != nil {
		return nil, err
	}
	return values{
		"public_key": hex.EncodeToString(pair.PublicKey),
		"signature":  hex.EncodeToString(signature),
	}, nil
}

func exchange(given input) (values, error) {
	secret := crypto.Curve25519PrivateKey(given.bytes("secret"))
	shared, err := secret.SharedSecret(given.bytes("public"))
	if err != nil {
		return nil, err
	}
	return values{"shared_secret": hex.EncodeToString(shared)}, nil
}

func publicKey(given input) (values, error) {
	public, err := crypto.Curve25519PrivateKey(given.bytes("secret")).PubKey()
	if err != nil {
		return nil, err
	}
	return values{"public": hex.EncodeToString(public)}, nil
}

// deriveHKDF is the HKDF that goolm derives its keys with.
func deriveHKDF(given input) (values, error) {
	length := given.integer("length")
	if length < 0 {
		return nil, unsupported("a length below 0")
	}
	var okm bytes.Buffer
	reader := hkdf.New(sha256.New, given.bytes("ikm"), given.bytes("salt"), given.bytes("info"))
	if _, err := io.CopyN(&okm, reader, length); err != nil {
		return nil, err
	}
	return values{"okm": hex.EncodeToString(okm.Bytes())}, nil
}
