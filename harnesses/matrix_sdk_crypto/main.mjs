// SPDX-License-Identifier: Apache-2.0

// Answers the operations of e2echeck with matrix-sdk-crypto, through its WebAssembly package.  Standard input and
// output carry one JSON object a line; see ../README.md.
//
// The package has no call of its own for signatures, base64 or Megolm messages, so one operation is all there is.
// What is no refusal ends this process: whoever asks has to see the crash of the implementation as one.

import { writeSync } from "node:fs";
import { createInterface } from "node:readline";

// What the implementation prints must not get between the answers.
for (const level of ["debug", "info", "log", "trace", "warn"]) console[level] = console.error;

const sdk = await import("@matrix-org/matrix-sdk-crypto-wasm");
await sdk.initAsync();

class Unsupported extends Error {}

const bytes = (hex) => {
  if (typeof hex !== "string" || !/^([0-9a-f]{2})*$/.test(hex)) throw new TypeError("no hexadecimal");
  return Buffer.from(hex, "hex");
};

/** An input that the package takes as a string. */
const text = (hex, name) => {
  const data = bytes(hex);
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(data);
  } catch {
    throw new Unsupported(`its interface takes ${name} as a string`);
  }
};

/** Whether a session is taken by a client that has none, alone: so none takes the place of another. */
const usable = async (entry) => {
  const machine = await sdk.OlmMachine.initialize(new sdk.UserId("@asker:example.org"), new sdk.DeviceId("ASKER"));
  try {
    return (await machine.importExportedRoomKeys(JSON.stringify([entry]), () => {})).importedCount === 1;
  } finally {
    machine.close();
  }
};

const readKeyFile = async ({ file, passphrase }) => {
  if (passphrase === undefined) throw new Unsupported("plain lists are not read");
  const decrypted = sdk.OlmMachine.decryptExportedRoomKeys(text(file, "the file"), text(passphrase, "the passphrase"));
  const roomKeys = [];
  for (const entry of JSON.parse(decrypted)) {
    if (!(await usable(entry))) continue;
    const exported = Buffer.from(entry.session_key, "base64").toString("hex"); // as the package wrote it
    roomKeys.push({ room_id: entry.room_id, session_id: entry.session_id, exported });
  }
  return { room_keys: roomKeys };
};

const operations = new Map([["key_file.read", { inputs: ["file", "passphrase"], call: readKeyFile }]]);

const reply = async (request) => {
  if (request.operation === "describe") {
    return { name: "matrix-sdk-crypto", version: sdk.getVersions().matrix_sdk_crypto };
  }
  if (typeof request.operation !== "string") throw new TypeError("a line that is no request");
  const operation = operations.get(request.operation);
  if (operation === undefined) return { outcome: "unsupported", detail: "no such call" };
  const unknown = Object.keys(request.input).find((name) => !operation.inputs.includes(name));
  if (unknown !== undefined) return { outcome: "unsupported", detail: `no such input: ${unknown}` };
  try {
    return { outcome: "accept", output: await operation.call(request.input) };
  } catch (error) {
    if (error instanceof Unsupported) return { outcome: "unsupported", detail: error.message };
    // The package refuses with a plain Error; a WebAssembly.RuntimeError is Rust code that came to an end.
    if (error?.constructor === Error) return { outcome: "reject", detail: error.message };
    throw error;
  }
};

for await (const line of createInterface({ input: process.stdin })) {
  writeSync(1, `${JSON.stringify(await reply(JSON.parse(line)))}\n`);
}
