import { describe, expect, test } from "vitest";
import { formatLockBody, parseLockBody } from "../../src/topology/lock-body.js";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const body = {
  action: "vtdoctor: fix",
  hostName: "host-1",
  userName: "dba",
  time: Date.UTC(2026, 10, 24, 22, 41, 17),
};

describe("the body of a lock", () => {
  test("is written as vtctld writes it", () => {
    expect(new TextDecoder().decode(formatLockBody(body))).toBe(`{
  "Action": "vtdoctor: fix",
  "HostName": "host-1",
  "UserName": "dba",
  "Time": "2026-11-24T22:41:17Z",
  "Options": {},
  "Status": "Running"
}`);
  });

  test("comes back as it was written", () => {
    expect(parseLockBody(formatLockBody(body))).toEqual({ kind: "answered", value: body });
  });

  test("of v19 has no options, and times may have a zone", () => {
    const text = `{"Action": "DropTargets", "HostName": "vm", "UserName": "vitess", "Time": "2026-11-25T00:41:17+02:00", "Status": "Running"}`;
    expect(parseLockBody(bytes(text))).toMatchObject({
      kind: "answered",
      value: { action: "DropTargets", hostName: "vm", userName: "vitess", time: body.time },
    });
  });

  test.each(["", "lock", "{", "[]", "7", "null", `{"Action": "x"}`, `{"Time": "yesterday"}`, `{"Time": 7}`])(
    "%j is none",
    (text) => {
      expect(parseLockBody(bytes(text))).toMatchObject({ kind: "unanswered", reason: "failed" });
    },
  );
});
