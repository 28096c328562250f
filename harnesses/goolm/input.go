// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"

	"maunium.net/go/mautrix/crypto/goolm/goolmbase64"
)

// input is what goes into one call.  A value of another form than the operation has ends the process: then the asker
// is wrong, and not what was asked about.
type input struct {
	given map[string]json.RawMessage
}

// unknown is an input that is not among these names; leaving it out of account could make the answer a wrong one.
func (i input) unknown(names []string) string {
	for name := range i.given {
		if !slices.Contains(names, name) {
			return name
		}
	}
	return ""
}

func (i input) has(name string) bool {
	_, there := i.given[name]
	return there
}

func (i input) read(name string, into any) {
	value := i.given[name]
	if err := json.Unmarshal(value, into); err != nil || string(value) == "null" {
		panic(fmt.Sprintf("%s: a value of another form", name))
	}
}

func (i input) bytes(name string) []byte {
	var text string
	i.read(name, &text)
	return unhex(name, text)
}

func (i input) list(name string) [][]byte {
	var texts []string
	if i.has(name) {
		i.read(name, &texts)
	}
	items := make([][]byte, len(texts))
	for n, text := range texts {
		items[n] = unhex(name, text)
	}
	return items
}

func (i input) integer(name string) (number int64) {
	i.read(name, &number)
	return
}

func (i input) boolean(name string) (truth bool) {
	i.read(name, &truth)
	return
}

// base64 is an input as characters: as they are given, or made from the raw bytes.
func (i input) base64(name string) []byte {
	if i.has(name) {
		return goolmbase64.Encode(i.bytes(name))
	}
	return i.bytes(name + "_base64")
}

func unhex(name, text string) []byte {
	data, err := hex.DecodeString(text)
	if err != nil {
		panic(fmt.Sprintf("%s: no hexadecimal", name))
	}
	return data
}
