// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	jsonv2 "encoding/json/v2"
	"errors"
	"time"

	"maunium.net/go/mautrix/crypto/canonicaljson"
	"maunium.net/go/mautrix/federation/pdu"
	"maunium.net/go/mautrix/federation/signutil"
	"maunium.net/go/mautrix/id"
)

var errNoJSON = errors.New("no JSON")

// read takes an event as its room version has it.
func read(given input) (pdu.AnyPDU, id.RoomVersion, error) {
	version := id.RoomVersion(given.word("room_version"))
	var event pdu.AnyPDU = &pdu.PDU{}
	if (&pdu.RoomV1PDU{}).SupportsRoomVersion(version) {
		event = &pdu.RoomV1PDU{}
	}
	return event, version, jsonv2.Unmarshal(given.bytes("event"), event)
}

// written is canonical JSON as an output.
func written(name string, value any) (values, error) {
	canonical, err := canonicaljson.Marshal(value)
	if err != nil {
		return nil, err
	}
	return values{name: hex.EncodeToString(canonical)}, nil
}

func redactEvent(given input) (values, error) {
	event, version, err := read(given)
	if err != nil {
		return nil, err
	}
	switch event := event.(type) {
	case *pdu.PDU:
		return written("redacted", event.Redact(version))
	case *pdu.RoomV1PDU:
		return written("redacted", event.Redact(version))
	}
	panic("no such kind of event")
}

func contentHash(given input) (values, error) {
	event, _, err := read(given)
	if err != nil {
		return nil, err
	}
	hash, err := event.CalculateContentHash()
	if err != nil {
		return nil, err
	}
	return values{"hash": hex.EncodeToString(hash[:])}, nil
}

func referenceHash(given input) (values, error) {
	event, version, err := read(given)
	if err != nil {
		return nil, err
	}
	hash, err := event.GetReferenceHash(version)
	if err != nil {
		return nil, err
	}
	return values{"hash": hex.EncodeToString(hash[:])}, nil
}

func eventID(given input) (values, error) {
	event, version, err := read(given)
	if err != nil {
		return nil, err
	}
	found, err := event.GetEventID(version)
	if err != nil {
		return nil, err
	}
	return values{"event_id": hex.EncodeToString([]byte(found))}, nil
}

func signEvent(given input) (values, error) {
	event, version, err := read(given)
	if err != nil {
		return nil, err
	}
	seed := given.bytes("seed")
	if len(seed) != ed25519.SeedSize {
		return nil, unsupported("a seed of another length") // its interface rules it out
	}
	key := ed25519.NewKeyFromSeed(seed)
	if err = event.Sign(version, string(given.bytes("server_name")), id.KeyID(given.bytes("key_id")), key); err != nil {
		return nil, err
	}
	return written("event", event)
}

// checkEvent asks for the signature of the sender's server.  Which others an event needs is for the caller of
// mautrix-go to know, so events that may need others are not answered.
func checkEvent(given input) (values, error) {
	event, version, err := read(given)
	if err != nil {
		return nil, err
	}
	modern, ok := event.(*pdu.PDU)
	if !ok || modern.Type == "m.room.member" {
		return nil, unsupported("its caller decides who has to sign")
	}
	keys := map[string]id.SigningKey{}
	for _, entry := range given.list("server_keys") {
		end := bytes.LastIndexByte(entry, ':')
		keys[string(entry[:end])] = id.SigningKey(entry[end+1:])
	}
	getKey := func(server string, keyID id.KeyID, _ time.Time) (id.SigningKey, time.Time, error) {
		return keys[server+"="+string(keyID)], time.UnixMilli(1 << 53), nil
	}
	if err = event.VerifySignature(version, modern.Sender.Homeserver(), getKey); err != nil {
		return nil, err
	}
	if event.VerifyContentHash() {
		return values{"outcome": "genuine"}, nil
	}
	return values{"outcome": "redacted"}, nil
}

func verifyJSON(given input) (values, error) {
	data := given.bytes("json")
	if !json.Valid(data) {
		return nil, errNoJSON // a RawMessage is taken to be JSON
	}
	key := base64.RawStdEncoding.EncodeToString(given.bytes("public_key"))
	err := signutil.VerifyJSON(
		string(given.bytes("entity")), id.KeyID(given.bytes("key_id")), id.SigningKey(key), json.RawMessage(data),
	)
	return values{}, err
}

// word is one of a few words.
func (i input) word(name string) (word string) {
	i.read(name, &word)
	return
}
