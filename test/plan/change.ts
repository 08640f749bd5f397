import { create } from "@bufbuild/protobuf";
import { CellInfoSchema } from "../../src/proto/gen/topodata_pb.js";
import type { Facts } from "../../src/snapshot/facts.js";
import { decodeShard, encodeCellInfo, encodeShard } from "../../src/topology/records.js";

/** Changes to recorded facts, each one thing that the world could have done differently. */

const addressOf = (facts: Facts, alias: string): string => {
  const row = facts.live_tablet.find((tablet) => tablet.alias === alias);
  if (row === undefined) throw new Error(`the recording has no ${alias}`);
  return row.address;
};

/** The process died: it answers nothing, and nothing of it was seen. */
export const dead = (facts: Facts, alias: string): Facts => {
  const address = addressOf(facts, alias);
  const without = <T extends { readonly address: string }>(rows: readonly T[]): readonly T[] =>
    rows.filter((row) => row.address !== address);
  return {
    ...facts,
    live_tablet: without(facts.live_tablet),
    vreplication: without(facts.vreplication),
    engine_stream: without(facts.engine_stream),
    copy_state: without(facts.copy_state),
    live_table: without(facts.live_table),
    resharding_journal: without(facts.resharding_journal),
    probe: [
      ...without(facts.probe),
      {
        address,
        channel: "health",
        answered: 0,
        reason: "unreachable",
        message: "connection refused",
        required: 1,
        observed_at_ms: 1,
      },
    ],
  };
};

export const live = (facts: Facts, alias: string, change: Partial<Facts["live_tablet"][number]>): Facts => ({
  ...facts,
  live_tablet: facts.live_tablet.map((row) => (row.alias === alias ? { ...row, ...change } : row)),
});

/** A question that the tablet did not answer. */
export const silentOn = (facts: Facts, alias: string, channel: string): Facts => {
  const address = addressOf(facts, alias);
  return {
    ...facts,
    probe: facts.probe.map((row) =>
      row.address === address && row.channel === channel
        ? { ...row, answered: 0, reason: "timeout", message: "deadline exceeded" }
        : row,
    ),
  };
};

export const streamRows = (
  facts: Facts,
  workflow: string,
  change: Partial<Facts["vreplication"][number]>,
): Facts => ({
  ...facts,
  vreplication: facts.vreplication.map((row) => (row.workflow === workflow ? { ...row, ...change } : row)),
});

/** A further stream, like one that is there but for `change`. */
export const addStream = (
  facts: Facts,
  alias: string,
  change: Partial<Facts["vreplication"][number]>,
): Facts => {
  const address = addressOf(facts, alias);
  const [pattern] = facts.vreplication;
  if (pattern === undefined) throw new Error("the recording has no stream");
  return { ...facts, vreplication: [...facts.vreplication, { ...pattern, address, ...change }] };
};

export const addKey = (facts: Facts, key: string, value: Uint8Array, revision: number): Facts => ({
  ...facts,
  topo_key: [
    ...facts.topo_key.filter((row) => row.key !== key),
    {
      server: facts.topo_server[0]?.server ?? "",
      key,
      value,
      create_revision: revision,
      mod_revision: revision,
      version: 1,
      lease: "0",
    },
  ],
});

/** A cell zone9, whose own etcd does not answer. */
export const withSilentCell = (facts: Facts): Facts => {
  const [server] = facts.topo_server;
  if (server === undefined) throw new Error("the recording has no etcd");
  const info = create(CellInfoSchema, { serverAddress: "10.9.9.9:2379", root: "/vitess/zone9" });
  const silent = { answered: 0, reason: "timeout", message: "deadline exceeded" };
  return {
    ...addKey(facts, "/vitess/global/cells/zone9/CellInfo", encodeCellInfo(info), 1),
    topo_server: [...facts.topo_server, { ...server, ...silent, server: "10.9.9.9:2379" }],
    topo_root: [...facts.topo_root, { name: "zone9", server: "10.9.9.9:2379", root: "/vitess/zone9" }],
  };
};

export const withoutKey = (facts: Facts, key: string): Facts => ({
  ...facts,
  topo_key: facts.topo_key.filter((row) => row.key !== key),
});

export const addTable = (
  facts: Facts,
  alias: string,
  change: Partial<Facts["live_table"][number]>,
): Facts => {
  const address = addressOf(facts, alias);
  const pattern = facts.live_table.find((row) => row.address === address);
  if (pattern === undefined) throw new Error(`the recording has no table on ${alias}`);
  return { ...facts, live_table: [...facts.live_table, { ...pattern, ...change }] };
};

export const place = addressOf;

/** No shard denies anything, as where no table was ever moved. */
export const undenied = (facts: Facts): Facts => ({
  ...facts,
  topo_key: facts.topo_key.map((row) => {
    const record = row.key.endsWith("/Shard") ? decodeShard(row.value) : null;
    return record?.kind === "answered"
      ? { ...row, value: encodeShard({ ...record.value, tabletControls: [] }) }
      : row;
  }),
});
