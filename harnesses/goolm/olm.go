// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/binary"
	"encoding/hex"
	"math"

	"maunium.net/go/mautrix/crypto/goolm/account"
	"maunium.net/go/mautrix/crypto/goolm/crypto"
	"maunium.net/go/mautrix/crypto/goolm/goolmbase64"
	"maunium.net/go/mautrix/crypto/goolm/session"
	"maunium.net/go/mautrix/crypto/olm"
	"maunium.net/go/mautrix/id"
)

const oneConfiguration unsupported = "there is one configuration"

// createInboundSession does as a client does with a pre-key message: the one-time key is removed once the message is
// decrypted.
func createInboundSession(given input) (values, error) {
	if given.integer("config") != 1 {
		return nil, oneConfiguration
	}
	ours, err := accountOf(given)
	if err != nil {
		return nil, err
	}
	theirs := key(given.bytes("their_identity_key"))
	begin := func(message []byte) (olm.Session, []byte, error) {
		text := string(goolmbase64.Encode(message))
		inbound, err := ours.NewInboundSessionFrom(&theirs, text)
		if err != nil {
			return nil, nil, err
		}
		plaintext, err := inbound.Decrypt(text, id.OlmMsgTypePreKey)
		if err != nil {
			return nil, nil, err
		}
		return inbound, plaintext, ours.RemoveOneTimeKeys(inbound)
	}
	for _, message := range given.list("preceding") {
		_, _, _ = begin(message) // what becomes of it does not matter
	}
	inbound, plaintext, err := begin(given.bytes("message"))
	if err != nil {
		return nil, err
	}
	return values{
		"plaintext":  hex.EncodeToString(plaintext),
		"session_id": hex.EncodeToString(decodeOwn([]byte(inbound.ID()))),
	}, nil
}

// createOutboundSession can only say that goolm refuses: it draws its own keys.
func createOutboundSession(given input) (values, error) {
	if given.integer("config") != 1 {
		return nil, oneConfiguration
	}
	var ours account.Account
	var err error
	if ours.IdKeys.Curve25519, err = pair(given.bytes("identity_secret")); err != nil {
		return nil, err
	}
	theirs, oneTime := key(given.bytes("their_identity_key")), key(given.bytes("their_one_time_key"))
	if _, err = ours.NewOutboundSession(theirs, oneTime); err != nil {
		return nil, err
	}
	return nil, unsupported("it chooses its own keys")
}

func encryptOlm(given input) (values, error) {
	if given.integer("config") != 1 {
		return nil, oneConfiguration
	}
	messageType, message, err := sessionOf(given).Encrypt(given.bytes("plaintext"))
	if err != nil {
		return nil, err
	}
	return values{"message_type": messageType, "message": hex.EncodeToString(decodeOwn(message))}, nil
}

func decryptOlm(given input) (values, error) {
	if given.integer("config") != 1 {
		return nil, oneConfiguration
	}
	known := sessionOf(given)
	for _, message := range given.list("preceding") {
		// what becomes of it does not matter
		_, _ = known.Decrypt(string(goolmbase64.Encode(message)), id.OlmMsgTypeMsg)
	}
	message := string(goolmbase64.Encode(given.bytes("message")))
	plaintext, err := known.Decrypt(message, id.OlmMsgType(given.integer("message_type")))
	if err != nil {
		return nil, err
	}
	return values{"plaintext": hex.EncodeToString(plaintext)}, nil
}

// accountOf is an account with these keys, all of them published.
func accountOf(given input) (*account.Account, error) {
	var ours account.Account
	var err error
	if ours.IdKeys.Curve25519, err = pair(given.bytes("identity_secret")); err != nil {
		return nil, err
	}
	stored := func(number int, secret []byte) (crypto.OneTimeKey, error) {
		keys, err := pair(secret)
		return crypto.OneTimeKey{ID: uint32(number), Published: true, Key: keys}, err
	}
	secrets := given.list("one_time_secrets")
	ours.OTKeys = make([]crypto.OneTimeKey, len(secrets))
	for number, secret := range secrets {
		if ours.OTKeys[number], err = stored(number, secret); err != nil {
			return nil, err
		}
	}
	places := []*crypto.OneTimeKey{&ours.CurrentFallbackKey, &ours.PrevFallbackKey}
	fallback := given.list("fallback_secrets")
	if len(fallback) > len(places) {
		return nil, unsupported("more than two fallback keys")
	}
	for number, secret := range fallback {
		if *places[number], err = stored(len(secrets)+number, secret); err != nil {
			return nil, err
		}
	}
	ours.NumFallbackKeys = uint8(len(fallback))
	return &ours, nil
}

// sessionOf is a session in this state, which goolm reads in the form in which it stores sessions.  A state that does
// not fit that form ends the process, as other inputs do.
func sessionOf(given input) *session.OlmSession {
	buffer := binary.BigEndian.AppendUint32(nil, 1) // the version of the form
	receiving := given.list("receiving")
	if len(receiving) > 0 {
		buffer = append(buffer, 1)
	} else {
		buffer = append(buffer, 0)
	}
	sessionKeys := given.list("session_keys")
	if len(sessionKeys) != 3 {
		panic("session_keys: not three")
	}
	for _, public := range sessionKeys {
		buffer = appendExactly(buffer, public, crypto.Curve25519PublicKeyLength)
	}
	buffer = appendExactly(buffer, given.bytes("root_key"), 32)
	if given.has("ratchet_secret") {
		keys, err := pair(given.bytes("ratchet_secret"))
		if err != nil {
			panic(err)
		}
		index := given.integer("chain_index")
		if index < 0 || index > math.MaxUint32 {
			panic("chain_index: beyond 32 bits")
		}
		buffer = binary.BigEndian.AppendUint32(buffer, 1)
		buffer = append(append(buffer, keys.PublicKey...), keys.PrivateKey...)
		buffer = appendExactly(buffer, given.bytes("chain_key"), 32)
		buffer = binary.BigEndian.AppendUint32(buffer, uint32(index))
	} else {
		buffer = binary.BigEndian.AppendUint32(buffer, 0)
	}
	// The form has the same entries: ratchet key, chain or message key, index.
	for _, entries := range [][][]byte{receiving, given.list("skipped")} {
		buffer = binary.BigEndian.AppendUint32(buffer, uint32(len(entries)))
		for _, entry := range entries {
			buffer = appendExactly(buffer, entry, 32+32+4)
		}
	}
	var known session.OlmSession
	if err := known.UnpickleLibOlm(buffer); err != nil {
		panic(err)
	}
	return &known
}

func appendExactly(buffer, data []byte, length int) []byte {
	if len(data) != length {
		panic("a part of the state has another length")
	}
	return append(buffer, data...)
}

// pair is a secret key with its public half.
func pair(secret []byte) (crypto.Curve25519KeyPair, error) {
	if len(secret) != crypto.Curve25519PrivateKeyLength {
		return crypto.Curve25519KeyPair{}, unsupported("a secret key of another length")
	}
	return crypto.Curve25519GenerateFromPrivate(secret)
}

// key is a public key as its interface takes it.
func key(public []byte) id.Curve25519 {
	return crypto.Curve25519PublicKey(public).B64Encoded()
}
