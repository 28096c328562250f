// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/hex"
	"math"

	"maunium.net/go/mautrix/crypto/goolm/goolmbase64"
	"maunium.net/go/mautrix/crypto/goolm/session"
)

func importSessionKey(given input) (values, error) {
	return describeSession(session.NewMegolmInboundSession(given.base64("session_key")))
}

func importExported(given input) (values, error) {
	return describeSession(session.NewMegolmInboundSessionFromExport(given.base64("exported")))
}

func describeSession(inbound *session.MegolmInboundSession, err error) (values, error) {
	if err != nil {
		return nil, err
	}
	return values{
		"public_key":        hex.EncodeToString(inbound.SigningKey),
		"first_known_index": inbound.FirstKnownIndex(),
	}, nil
}

func exportAt(given input) (values, error) {
	index := given.integer("index")
	if index < 0 || index > math.MaxUint32 {
		return nil, unsupported("an index beyond 32 bits")
	}
	inbound, err := session.NewMegolmInboundSessionFromExport(given.base64("exported"))
	if err != nil {
		return nil, err
	}
	exported, err := inbound.Export(uint32(index))
	if err != nil {
		return nil, err
	}
	return values{"exported": hex.EncodeToString(decodeOwn(exported))}, nil
}

func decrypt(given input) (values, error) {
	if given.integer("config") != 1 {
		return nil, unsupported("there is one configuration")
	}
	open, key := session.NewMegolmInboundSessionFromExport, "exported"
	if given.has("session_key") {
		open, key = session.NewMegolmInboundSession, "session_key"
	}
	inbound, err := open(given.base64(key))
	if err != nil {
		return nil, err
	}
	for _, message := range given.list("preceding") {
		_, _, _ = inbound.Decrypt(goolmbase64.Encode(message)) // what becomes of it does not matter
	}
	plaintext, index, err := inbound.Decrypt(given.base64("message"))
	if err != nil {
		return nil, err
	}
	return values{"plaintext": hex.EncodeToString(plaintext), "message_index": index}, nil
}

// decodeOwn reads base64 that the implementation wrote.
func decodeOwn(text []byte) []byte {
	data, err := goolmbase64.Decode(text)
	if err != nil {
		panic(err)
	}
	return data
}
