import type { StepKind } from "./plan.js";

type Schema = Readonly<Record<string, unknown>>;

const text: Schema = { type: "string" };
const filled: Schema = { type: "string", minLength: 1 };
const yesNo: Schema = { type: "boolean" };
const whole: Schema = { type: "integer", minimum: 0 };
const milliseconds: Schema = { type: "number", minimum: 0 };
const bytes: Schema = {
  type: "string",
  pattern: "^([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$",
};
const list = (items: Schema): Schema => ({ type: "array", items });
const texts = list(text);

/** Nothing that the plan does not say may be in it: a misspelt field must not be a step that lacks something. */
const record = (properties: Readonly<Record<string, Schema>>, optional: readonly string[] = []): Schema => ({
  type: "object",
  properties,
  required: Object.keys(properties).filter((name) => !optional.includes(name)),
  additionalProperties: false,
});

const textMap: Schema = { type: "object", additionalProperties: text };

const tablet = record({
  alias: filled,
  keyspace: filled,
  shard: filled,
  type: filled,
  address: record({ host: filled, grpcPort: whole, httpPort: whole, mysqlHost: text, mysqlPort: whole }),
});

const streamRow = record({
  id: whole,
  workflow: text,
  dbName: text,
  state: text,
  message: text,
  image: { type: "object", additionalProperties: { type: ["string", "null"] } },
});

const streamsOn = { tablet, workflow: text, dbName: text };
const streamSets = list(record({ ...streamsOn, ids: list(whole) }));
const at = { server: filled, key: filled };
const srvKeyspace = {
  ...at,
  cell: filled,
  keyspace: filled,
  modRevision: whole,
  before: bytes,
  value: bytes,
};

const STEP_FIELDS: { readonly [K in StepKind]: Readonly<Record<string, Schema>> } = {
  "stream.stop": { ...streamsOn, rows: list(streamRow), orphan: yesNo },
  "stream.verify-stopped": { streams: streamSets, settleMs: milliseconds },
  "keys.export": {
    ...streamsOn,
    ids: list(whole),
    actions: list(record({ table: filled, alter: filled })),
    apply: yesNo,
  },
  "table.hold": { tablet, dbName: filled, holdSchema: filled, tables: texts, views: texts },
  "table.drop": { tablet, dbName: filled, tables: texts },
  "table.return": { tablet, dbName: filled, holdSchema: filled, tables: texts, views: texts },
  "hold.drop": { tablet, holdSchema: filled, tables: texts },
  "stream.restart": {
    ...streamsOn,
    stoppedBy: filled,
    rows: list(record({ id: whole, state: text, message: text })),
  },
  "record.put-back": {
    ...at,
    modRevision: whole,
    value: bytes,
    what: filled,
  },
  "denial.lift": { ...at, keyspace: filled, shard: filled, tables: texts, modRevision: whole },
  "tablet.refresh": { tablet },
  "routing.remove": { ...at, fromTables: texts, modRevision: whole, before: bytes },
  "vschema.remove-tables": { ...at, keyspace: filled, tables: texts, modRevision: whole, before: bytes },
  "srvvschema.rebuild": { cells: texts },
  "srvkeyspace.rebuild": srvKeyspace,
  "srvkeyspace.update": srvKeyspace,
  "stream.delete": { ...streamsOn, rows: list(streamRow) },
  "vdiff.delete": { tablet, keyspace: filled, workflow: text },
  "stream.verify-gone": { streams: streamSets, settleMs: milliseconds },
  "tablet.restore": { ...at, tablet, value: bytes, replicationKey: filled, origin: text },
  "shard.restore": {
    ...at,
    keyspace: filled,
    shard: filled,
    value: bytes,
    keyspaceKey: filled,
    origin: text,
  },
  "shard.await-primary": { ...at, keyspace: filled, shard: filled, alias: filled, timeoutMs: milliseconds },
  "tablet.stop": { ...at, tablet, command: { anyOf: [{ type: "null" }, { ...texts, minItems: 1 }] } },
  "tablet.stay-away": { tablets: list(tablet), keys: list(record(at)), watchMs: milliseconds },
  "record.remove": {
    ...at,
    of: { enum: ["Tablet", "ShardReplication", "Shard"] },
    keyspace: filled,
    shard: filled,
    recordedAt: { type: ["string", "null"] },
    members: texts,
    ended: list(tablet),
  },
  "journal.delete": { tablet, dbName: filled, journal: { type: "string", pattern: "^[0-9]+$" }, val: text },
  "ghost.stop": { tablet, dbName: filled, workflow: text, stream: whole, source: filled },
  "row.clear": { ...at, ...streamsOn, peers: list(tablet), rows: list(streamRow) },
  "shard.elect": {
    ...at,
    keyspace: filled,
    shard: filled,
    alias: filled,
    record: record(at),
    vtctld: filled,
  },
  "lock.clear": { ...at, lease: filled, modRevision: whole },
};

const OPTIONAL = ["orphan"];

const tagged = (kind: string, fields: Readonly<Record<string, Schema>>): Schema =>
  record({ kind: { const: kind }, ...fields }, OPTIONAL);

const step: Schema = {
  type: "object",
  required: ["kind"],
  discriminator: { propertyName: "kind" },
  oneOf: Object.entries(STEP_FIELDS).map(([kind, fields]) =>
    tagged(kind, {
      id: filled,
      class: { enum: ["safe", "confirm"] },
      destroys: { enum: ["nothing", "metadata", "data"] },
      ...fields,
    }),
  ),
};

const lock: Schema = {
  type: "object",
  required: ["kind"],
  discriminator: { propertyName: "kind" },
  oneOf: [
    tagged("workflow", { keyspace: filled, workflow: filled }),
    tagged("keyspace", { keyspace: filled }),
    tagged("shard", { keyspace: filled, shard: filled }),
  ],
};

const read: Schema = {
  type: "object",
  required: ["kind"],
  discriminator: { propertyName: "kind" },
  oneOf: [
    tagged("topo-key", { ...at, modRevision: whole }),
    tagged("stream-rows", { ...streamsOn, ids: list(whole) }),
  ],
};

/** The plan file, schema 1 (`plan.ts`); a test holds that every plan that is made fits it. */
export const PLAN_SCHEMA: Schema = record(
  {
    kind: { const: "vtdoctor-plan" },
    schema: { const: 1 },
    id: { type: "string", pattern: "^[a-z0-9]+$" },
    operation: { enum: ["fix", "cancel", "undo", "purge"] },
    run: filled,
    command: text,
    createdAt: whole,
    expiresAt: whole,
    cluster: record({
      globalServer: filled,
      globalRoot: filled,
      clusterIds: textMap,
      marks: list(
        record({
          ...at,
          createRevision: whole,
          modRevision: whole,
          sha256: { type: "string", pattern: "^[0-9a-f]{64}$" },
        }),
      ),
      roots: list(record({ name: filled, server: filled, root: text })),
    }),
    repairs: texts,
    reads: list(read),
    stages: list(record({ title: text, locks: list(lock), steps: list(step) })),
    blocked: list(
      record({
        object: textMap,
        finding: { type: ["string", "null"] },
        reason: text,
        instead: text,
      }),
    ),
    notes: texts,
  },
  ["run"],
);
