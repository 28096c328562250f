// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/hex"

	"maunium.net/go/mautrix/crypto"
)

// recorder is a store that notes what is to be put into it, in order, and stays empty: so each session of a file is
// judged alone, and none takes the place of another.
type recorder struct {
	*crypto.MemoryStore
	sessions []*crypto.InboundGroupSession
}

func (r *recorder) PutGroupSession(_ context.Context, inbound *crypto.InboundGroupSession) error {
	r.sessions = append(r.sessions, inbound)
	return nil
}

// readKeyFile imports a key file as a client does, and says which sessions came out.
func readKeyFile(given input) (values, error) {
	if !given.has("passphrase") {
		return nil, unsupported("plain lists are not read")
	}
	store := &recorder{MemoryStore: crypto.NewMemoryStore(nil)}
	machine := crypto.NewOlmMachine(nil, nil, store, nil)
	_, _, err := machine.ImportKeys(context.Background(), string(given.bytes("passphrase")), given.bytes("file"))
	if err != nil {
		return nil, err
	}
	roomKeys := make([]values, 0, len(store.sessions))
	for _, inbound := range store.sessions {
		exported, err := inbound.Internal.Export(inbound.Internal.FirstKnownIndex())
		if err != nil {
			return nil, err
		}
		roomKeys = append(roomKeys, values{
			"room_id":    inbound.RoomID,
			"session_id": inbound.ID(),
			"exported":   hex.EncodeToString(decodeOwn(exported)),
		})
	}
	return values{"room_keys": roomKeys}, nil
}
