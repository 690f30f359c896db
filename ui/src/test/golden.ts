import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { decodePayload, type Payload } from "../model/payload";

/** The payload that the Python side builds from its hand-made run and compares with this same file. */
export const goldenJson = (): unknown =>
  JSON.parse(readFileSync(resolve(import.meta.dirname, "../../../tests/golden/report_payload.json"), "utf8"));
export const golden = (): Payload => decodePayload(goldenJson());
