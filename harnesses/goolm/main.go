// SPDX-License-Identifier: Apache-2.0

// goolm answers the operations of e2echeck with mautrix-go: its Go implementation of Olm and Megolm, its canonical
// JSON, its events and its import of key files.  Standard input and output carry one JSON object a line; see ../README.md.
//
// Nothing here recovers from a panic: whoever asks has to see the crash of the implementation as one.
package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime/debug"
)

const module = "maunium.net/go/mautrix"

// request is one line of the input.
type request struct {
	Operation string                     `json:"operation"`
	Input     map[string]json.RawMessage `json:"input"`
}

// answer is one line of the output, but for `describe`.
type answer struct {
	Outcome string `json:"outcome"`
	Detail  string `json:"detail,omitempty"`
	Output  any    `json:"output,omitempty"`
}

// values is the output of an operation.
type values map[string]any

// operation is one call: the inputs that it knows, and what it does with them.
type operation struct {
	inputs []string
	call   func(input) (values, error)
}

// unsupported is what this implementation, or its interface, does not have.
type unsupported string

func (u unsupported) Error() string { return string(u) }

// olmState are the inputs that make up the state of an Olm session.
var olmState = []string{
	"session_keys", "root_key", "ratchet_secret", "chain_key", "chain_index", "receiving", "skipped", "config",
}

var operations = map[string]operation{
	"canonical_json.canonicalise": {[]string{"json"}, canonicalise},
	"base64.decode":               {[]string{"text", "url_safe"}, decodeBase64},
	"base64.encode":               {[]string{"data", "url_safe"}, encodeBase64},
	"ed25519.verify":              {[]string{"public_key", "message", "signature"}, verify},
	"ed25519.sign":                {[]string{"seed", "message"}, sign},
	"x25519.exchange":             {[]string{"secret", "public"}, exchange},
	"x25519.public_key":           {[]string{"secret"}, publicKey},
	"hkdf.derive":                 {[]string{"ikm", "salt", "info", "length"}, deriveHKDF},
	"megolm.import_session_key":   {[]string{"session_key", "session_key_base64"}, importSessionKey},
	"megolm.import_exported":      {[]string{"exported", "exported_base64"}, importExported},
	"megolm.export_at":            {[]string{"exported", "index"}, exportAt},
	"megolm.decrypt": {
		[]string{"exported", "session_key", "config", "preceding", "message", "message_base64"}, decrypt,
	},
	"olm.create_inbound_session": {
		[]string{
			"identity_secret", "one_time_secrets", "fallback_secrets", "their_identity_key", "config", "preceding",
			"message",
		},
		createInboundSession,
	},
	"olm.create_outbound_session": {
		[]string{
			"identity_secret", "base_secret", "ratchet_secret", "their_identity_key", "their_one_time_key", "config",
			"plaintext",
		},
		createOutboundSession,
	},
	"olm.encrypt":   {append([]string{"plaintext"}, olmState...), encryptOlm},
	"olm.decrypt":   {append([]string{"preceding", "message_type", "message"}, olmState...), decryptOlm},
	"key_file.read": {[]string{"file", "passphrase"}, readKeyFile},

	"events.redact":         {[]string{"room_version", "event"}, redactEvent},
	"events.content_hash":   {[]string{"room_version", "event"}, contentHash},
	"events.reference_hash": {[]string{"room_version", "event"}, referenceHash},
	"events.event_id":       {[]string{"room_version", "event"}, eventID},
	"events.sign":           {[]string{"room_version", "event", "server_name", "key_id", "seed"}, signEvent},
	"events.check":          {[]string{"room_version", "event", "server_keys"}, checkEvent},
	"signing.verify_json":   {[]string{"json", "entity", "key_id", "public_key"}, verifyJSON},
}

func main() {
	answers := json.NewEncoder(os.Stdout)
	// What the implementation prints must not get between the answers.
	os.Stdout = os.Stderr
	lines := bufio.NewReader(os.Stdin)
	for {
		line, err := lines.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			return
		} else if err != nil {
			panic(err)
		}
		if err = answers.Encode(reply(line)); err != nil {
			panic(err)
		}
	}
}

// reply answers one line; one that is no request ends the process.
func reply(line []byte) any {
	var asked request
	if err := json.Unmarshal(line, &asked); err != nil || asked.Operation == "" {
		panic("a line that is no request")
	}
	if asked.Operation == "describe" {
		return map[string]string{"name": "goolm", "version": version()}
	}
	known, there := operations[asked.Operation]
	if !there {
		return answer{Outcome: "unsupported", Detail: "no such call"}
	}
	given := input{asked.Input}
	if name := given.unknown(known.inputs); name != "" {
		return answer{Outcome: "unsupported", Detail: "no such input: " + name}
	}
	output, err := known.call(given)
	var not unsupported
	if errors.As(err, &not) {
		return answer{Outcome: "unsupported", Detail: not.Error()}
	} else if err != nil {
		return answer{Outcome: "reject", Detail: err.Error()}
	}
	return answer{Outcome: "accept", Output: output}
}

// version is that of mautrix-go, as it was built in.
func version() string {
	info, there := debug.ReadBuildInfo()
	if !there {
		panic("built without modules")
	}
	for _, dependency := range info.Deps {
		if dependency.Path == module {
			return dependency.Version
		}
	}
	panic(fmt.Sprintf("built without %s", module))
}
