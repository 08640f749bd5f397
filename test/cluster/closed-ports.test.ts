import { expect, it } from "vitest";
import { nothingListens } from "../../src/cluster/closed-ports.js";
import { unanswered } from "../../src/cluster/outcome.js";

const refusing = (where: string) => unanswered("unreachable", `connect ECONNREFUSED ${where}`);
const GRPC = refusing("10.0.0.1:16100");
const HTTP = refusing("10.0.0.1:15100");
const TWICE = unanswered(
  "unreachable",
  "Error: connect ECONNREFUSED ::1:16100; Error: connect ECONNREFUSED 127.0.0.1:16100",
);
const ONCE = unanswered(
  "unreachable",
  "Error: connect EHOSTUNREACH ::1:16100; Error: connect ECONNREFUSED 127.0.0.1:16100",
);

it.each([
  ["both ports refuse", GRPC, HTTP, true],
  ["every address of its host refuses", TWICE, HTTP, true],
  ["one address of its host is not reached", ONCE, HTTP, false],
  ["only gRPC refuses", GRPC, unanswered("timeout", "no answer within 5000 ms"), false],
  ["only gRPC refuses, and HTTP speaks", GRPC, unanswered("failed", "/debug/vars answered HTTP 503"), false],
  ["only HTTP refuses", unanswered("timeout", "no answer within 5000 ms"), HTTP, false],
  ["connections are reset", unanswered("unreachable", "read ECONNRESET"), HTTP, false],
  ["a message quotes a refusal", unanswered("failed", "dial tcp: ECONNREFUSED"), HTTP, false],
])("where %s", (_, grpc, http, nothing) => {
  expect(nothingListens(grpc, http)).toBe(nothing);
});
