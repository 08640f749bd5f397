import { create, toBinary } from "@bufbuild/protobuf";
import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import { describe, expect, test } from "vitest";
import type { Outcome } from "../../src/cluster/outcome.js";
import { ShardSchema, SrvKeyspaceSchema, TabletSchema, TabletType } from "../../src/proto/gen/topodata_pb.js";
import { SrvVSchemaSchema } from "../../src/proto/gen/vschema_pb.js";
import { classifyKey, type TopoKey } from "../../src/topology/paths.js";
import * as records from "../../src/topology/records.js";
import { recordedKeys, recordings } from "./recordings.js";

/** Field 1000, which no Vitess has yet. */
const FUTURE = new BinaryWriter().tag(1000, WireType.LengthDelimited).string("from the future").finish();
const withFuture = (bytes: Uint8Array): Uint8Array => Uint8Array.from([...bytes, ...FUTURE]);
/** A length-delimited field whose content ends in the future's field. */
const nested = (field: number, content: Uint8Array): Uint8Array =>
  new BinaryWriter().tag(field, WireType.LengthDelimited).bytes(withFuture(content)).finish();
const count = (bytes: Uint8Array): number =>
  Buffer.from(bytes).toString("latin1").split("from the future").length - 1;

function answerOf<T>(outcome: Outcome<T>): T {
  if (outcome.kind === "answered") return outcome.value;
  throw new Error(outcome.message);
}

describe("a record of a newer Vitess", () => {
  test("keeps what this vtdoctor does not know, at every depth, when it is changed", () => {
    const alias = create(TabletSchema, { alias: { cell: "zone1", uid: 100 } }).alias;
    const control = toBinary(ShardSchema, create(ShardSchema, { primaryAlias: alias })).slice(2);
    const bytes = withFuture(Uint8Array.from([...nested(1, control), ...nested(6, Uint8Array.of(0x08, 1))]));
    const shard = answerOf(records.decodeShard(bytes));
    expect(shard.primaryAlias).toMatchObject({ cell: "zone1", uid: 100 });
    shard.isPrimaryServing = true;
    const written = records.encodeShard(shard);
    expect(count(written)).toBe(3);
    const again = answerOf(records.decodeShard(written));
    expect(again).toEqual(shard);
    expect(again.tabletControls[0]?.tabletType).toBe(TabletType.PRIMARY);
  });

  test("keeps it inside the values of maps", () => {
    const keyspace = nested(2, new Uint8Array());
    const entry = Uint8Array.from([0x0a, 1, 0x61, ...keyspace]);
    const bytes = new BinaryWriter().tag(1, WireType.LengthDelimited).bytes(entry).finish();
    const srv = answerOf(records.decodeSrvVSchema(bytes));
    expect(Object.keys(srv.keyspaces)).toEqual(["a"]);
    expect(count(records.encodeSrvVSchema(srv))).toBe(1);
  });

  test("keeps enum values without a name", () => {
    const bytes = Uint8Array.of(0x40, 42);
    expect(answerOf(records.decodeTablet(bytes)).type).toBe(42);
    expect(records.encodeTablet(answerOf(records.decodeTablet(bytes)))).toEqual(bytes);
  });

  test("keeps fields that Vitess has and vtdoctor does not use", () => {
    const throttler = new BinaryWriter()
      .tag(6, WireType.LengthDelimited)
      .bytes(Uint8Array.of(0x08, 1))
      .finish();
    const partition = toBinary(
      SrvKeyspaceSchema,
      create(SrvKeyspaceSchema, { partitions: [{ servedType: TabletType.PRIMARY }] }),
    );
    const bytes = Uint8Array.from([...partition, ...throttler]);
    expect(records.encodeSrvKeyspace(answerOf(records.decodeSrvKeyspace(bytes)))).toEqual(bytes);
  });
});

describe("bytes", () => {
  test("none at all are a record", () => {
    expect(answerOf(records.decodeShard(new Uint8Array()))).toMatchObject({ isPrimaryServing: false });
    expect(records.encodeShard(create(ShardSchema))).toEqual(new Uint8Array());
  });

  test("that are no text where text belongs are refused, not mended", () => {
    const hostname = Uint8Array.of(0x12, 2, 0xff, 0x41);
    expect(records.decodeTablet(hostname)).toMatchObject({ kind: "unanswered", reason: "failed" });
  });

  test("that are cut off or of another kind are an outcome that says so", () => {
    const bytes = toBinary(SrvVSchemaSchema, create(SrvVSchemaSchema, { keyspaces: { customer: {} } }));
    expect(records.decodeSrvVSchema(bytes.slice(0, -1))).toMatchObject({
      kind: "unanswered",
      reason: "failed",
    });
    expect(records.decodeShard(new TextEncoder().encode(`{"Action": "lock"}`))).toMatchObject({
      kind: "unanswered",
      message: expect.stringContaining("topodata.Shard"),
    });
  });
});

const CODECS: Partial<
  Record<TopoKey["kind"], (bytes: Uint8Array) => { decoded: Outcome<unknown>; again: Uint8Array | null }>
> = {
  "cell-info": both(records.decodeCellInfo, records.encodeCellInfo),
  keyspace: both(records.decodeKeyspace, records.encodeKeyspace),
  vschema: both(records.decodeVSchema, records.encodeVSchema),
  shard: both(records.decodeShard, records.encodeShard),
  tablet: both(records.decodeTablet, records.encodeTablet),
  "shard-replication": both(records.decodeShardReplication, records.encodeShardReplication),
  "srv-keyspace": both(records.decodeSrvKeyspace, records.encodeSrvKeyspace),
  "srv-vschema": both(records.decodeSrvVSchema, records.encodeSrvVSchema),
  "routing-rules": both(records.decodeRoutingRules, records.encodeRoutingRules),
};

function both<T>(decode: (bytes: Uint8Array) => Outcome<T>, encode: (record: T) => Uint8Array) {
  return (bytes: Uint8Array) => {
    const decoded = decode(bytes);
    return { decoded, again: decoded.kind === "answered" ? encode(decoded.value) : null };
  };
}

describe.each(recordings())("the records of %s", (recording) => {
  test("decode, and encode to something that decodes the same", () => {
    for (const { key, value } of recordedKeys(recording)) {
      const root = key.startsWith("/vitess/global/") ? "/vitess/global" : "/vitess/zone1";
      const { kind } = classifyKey(root, key);
      const codec = CODECS[kind];
      if (codec === undefined) expect(kind, key).toBe("lock");
      else {
        const { decoded, again } = codec(value);
        expect(decoded.kind, key).toBe("answered");
        expect(again?.length, key).toBe(value.length);
        expect(codec(again ?? new Uint8Array()).decoded).toEqual(decoded);
      }
    }
  });
});
