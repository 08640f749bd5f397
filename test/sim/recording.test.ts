import { readdirSync } from "node:fs";
import { join } from "node:path";
import { fromJson, type JsonValue } from "@bufbuild/protobuf";
import { describe, expect, test } from "vitest";
import type { Outcome } from "../../src/cluster/outcome.js";
import { FullStatusSchema } from "../../src/proto/gen/replicationdata_pb.js";
import { statusOf } from "../../src/tablets/decode.js";
import { parseVars } from "../../src/tablets/vars.js";
import { readRecording } from "./recorded-files.js";
import { loadRecording } from "./recording.js";

const RECORDINGS = join(import.meta.dirname, "../../fixtures/recordings");
const names = readdirSync(RECORDINGS, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name);

describe.each(names)("%s", (name) => {
  const folder = join(RECORDINGS, name);

  test("has the recorded keys, bytes and revisions", async () => {
    const { topology } = readRecording(folder);
    const cluster = loadRecording(folder);
    const store = cluster.connect(cluster.topology.global.etcd.server);
    const { revision, entries } = answerOf(await store.range({ prefix: "/" }));
    expect(revision).toBe(topology.revision);
    expect(
      entries.map((entry) => ({ ...entry, value: Buffer.from(entry.value).toString("base64") })),
    ).toEqual(
      topology.kvs.map((kv) => ({
        key: kv.key,
        value: kv.value_base64,
        createRevision: kv.create_revision,
        modRevision: kv.mod_revision,
        version: kv.version,
        lease: String(kv.lease),
      })),
    );
    for (const { lease } of entries)
      if (lease !== "0") expect(answerOf(await store.lease(lease))?.ttl).toBeGreaterThan(0);
  });

  test("has the past where it was recorded, and says that it is gone where it was not", async () => {
    const { topology, history } = readRecording(folder);
    const cluster = loadRecording(folder);
    const store = cluster.connect(cluster.topology.global.etcd.server);
    if (history === null) {
      expect(await store.range({ prefix: "/", revision: topology.revision - 1 })).toMatchObject({
        reason: "compacted",
      });
      return;
    }
    expect(
      cluster.topology.global.etcd.events.map(({ value, lease, ...event }) => ({
        ...event,
        value_base64: Buffer.from(value).toString("base64"),
        lease: String(lease),
      })),
    ).toEqual(history.map((event) => ({ ...event, lease: String(event.lease) })));
  });

  test("its tablets say what the real ones said", async () => {
    const cluster = loadRecording(folder);
    for (const recorded of readRecording(folder).tablets) {
      const tablet = cluster.tablets.find(({ alias }) => alias.uid === recorded.uid);
      if (tablet === undefined) throw new Error(`tablet ${recorded.uid} is missing`);
      expect(tablet.mysql.gtidExecuted).toBe(recorded.mysql.gtid_executed);
      const vars = await cluster.reader.vars(tablet.address);
      if (recorded.debug_vars === undefined) {
        expect(vars).toMatchObject({ kind: "unanswered", reason: "unreachable" });
        continue;
      }
      const { vstreamers: _, ...told } = answerOf(parseVars(JSON.stringify(recorded.debug_vars)));
      expect(answerOf(vars)).toMatchObject(told);
      expect(answerOf(await cluster.reader.identity(tablet.address))).toMatchObject({
        alias: told.alias,
        type: told.type,
      });
      const rows = answerOf(await cluster.reader.rows(tablet.address, "streams"));
      expect(rows.map(({ id, state, message, source }) => ({ id, state, message, source }))).toEqual(
        recorded._vt.vreplication.map((row) => ({
          id: String(row.id),
          state: row.state,
          message: row.message,
          source: row.source,
        })),
      );
      const schema = answerOf(await cluster.reader.schema(tablet.address));
      expect(schema.map((table) => [table.name, table.rowCount])).toEqual(
        Object.entries(recorded.databases)
          .filter(([database]) => !database.startsWith("vtdoctor_hold_"))
          .flatMap(([, tables]) => Object.entries(tables).map(([table, { rows }]) => [table, rows])),
      );
      const status = answerOf(await cluster.reader.status(tablet.address));
      const json = recorded.full_status?.status as JsonValue;
      const said = statusOf(fromJson(FullStatusSchema, json, { ignoreUnknownFields: true }));
      // Its MySQL went on writing until it was asked itself.
      expect(status).toEqual({ ...said, position: tablet.mysql.position });
    }
  });
});

const answerOf = <T>(outcome: Outcome<T>): T => {
  if (outcome.kind === "answered") return outcome.value;
  throw new Error(`${outcome.reason}: ${outcome.message}`);
};
