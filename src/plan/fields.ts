/** A JSON Schema with the type of what fits it, so that a field of a plan is stated once. */
export interface Field<T, Optional extends boolean = false> {
  readonly schema: Schema;
  readonly optional: Optional;
  /** Only for the compiler: nothing has it at run time. */
  readonly type?: T;
}

type Schema = Readonly<Record<string, unknown>>;
export type Fields = Readonly<Record<string, Field<unknown, boolean>>>;

export type ValueOf<F> = F extends Field<infer T, boolean> ? T : never;
export type ValuesOf<F extends Fields> = {
  readonly [K in keyof F as F[K] extends Field<unknown, true> ? never : K]: ValueOf<F[K]>;
} & { readonly [K in keyof F as F[K] extends Field<unknown, true> ? K : never]?: ValueOf<F[K]> };

const field = <T>(schema: Schema): Field<T> => ({ schema, optional: false });

export const text = field<string>({ type: "string" });
export const filled = field<string>({ type: "string", minLength: 1 });
export const pattern = (regexp: string): Field<string> => field({ type: "string", pattern: regexp });
export const yesNo = field<boolean>({ type: "boolean" });
export const whole = field<number>({ type: "integer", minimum: 0 });
export const milliseconds = field<number>({ type: "number", minimum: 0 });
/** Base64. */
export const bytes = pattern("^([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$");
export const constant = <const V extends string | number>(value: V): Field<V> => field({ const: value });
export const oneOf = <const V extends readonly string[]>(...values: V): Field<V[number]> =>
  field({ enum: values });
export const list = <T>(items: Field<T>, atLeast = 0): Field<readonly T[]> =>
  field({ type: "array", items: items.schema, ...(atLeast === 0 ? {} : { minItems: atLeast }) });
export const mapOf = <T>(values: Field<T>): Field<Readonly<Record<string, T>>> =>
  field({ type: "object", additionalProperties: values.schema });
export const orNull = <T>(of: Field<T>): Field<T | null> => field({ anyOf: [{ type: "null" }, of.schema] });
export const optional = <T>(of: Field<T>): Field<T, true> => ({ ...of, optional: true });

/** Nothing that the fields do not say may be in it: a misspelt one must not be a value that lacks something. */
export const record = <F extends Fields>(fields: F): Field<ValuesOf<F>> =>
  field({
    type: "object",
    properties: Object.fromEntries(Object.entries(fields).map(([name, { schema }]) => [name, schema])),
    required: Object.keys(fields).filter((name) => fields[name]?.optional !== true),
    additionalProperties: false,
  });

/** One of several records, told apart by `kind`. */
export const union = <const V extends Readonly<Record<string, Fields>>>(
  variants: V,
): Field<{ [K in keyof V]: { readonly kind: K } & ValuesOf<V[K]> }[keyof V]> =>
  field({
    type: "object",
    required: ["kind"],
    discriminator: { propertyName: "kind" },
    oneOf: Object.entries(variants).map(
      ([kind, fields]) => record({ kind: constant(kind), ...fields }).schema,
    ),
  });

/** A key of the topology: an etcd, by its address list, and the key in it. */
export const at = { server: filled, key: filled };

/**
 * A tablet as a step addresses it, with what was known of it when the plan was made; all of that is asked again right before each call
 * (docs/decisions.md#d15, `apply/identity.ts`). An alias proves little: a clone of the cluster has the same ones.
 */
export const tablet = record({
  alias: filled,
  keyspace: filled,
  shard: filled,
  type: filled,
  address: record({ host: filled, grpcPort: whole, httpPort: whole, mysqlHost: text, mysqlPort: whole }),
  /** Its Tablet record, where the address is that record's own: it is read again for each step. Absent: an inventory override, or no record. */
  record: optional(record(at)),
  /** `@@server_uuid` of its MySQL. */
  serverUuid: optional(filled),
  /** Unix seconds of its primary term. */
  termStart: optional(whole),
  /** The topology that its process was started with, as its command line has it. */
  topoServer: optional(filled),
  topoRoot: optional(filled),
});
export type TabletRef = ValueOf<typeof tablet>;

export const streamRow = record({
  id: whole,
  workflow: text,
  dbName: text,
  state: text,
  message: text,
  /** The whole row, column to text, for the before-image. */
  image: mapOf(orNull(text)),
});
export type StreamRow = ValueOf<typeof streamRow>;

/** A workflow's streams on one tablet. */
export const streamsOn = { tablet, workflow: text, dbName: text };
const streamSet = record({ ...streamsOn, ids: list(whole) });
export const streamSets = list(streamSet);
export type StreamSet = ValueOf<typeof streamSet>;

export const earlierState = record({ id: whole, state: text, message: text });
export type EarlierState = ValueOf<typeof earlierState>;

export const deferredKey = record({ table: filled, alter: filled });
export type DeferredKey = ValueOf<typeof deferredKey>;

/** A fact with the version that the plan rests on. */
export const premise = union({
  /** `modRevision` 0: the key must not exist. */
  "topo-key": { ...at, modRevision: whole },
  /** `ids` of the rows, ascending. */
  "stream-rows": { ...streamsOn, ids: list(whole) },
});
export type Premise = ValueOf<typeof premise>;

/** Taken in this order: workflow (named lock), source keyspace, target keyspace, shard (docs/vitess.md#lock-order). */
export const lock = union({
  workflow: { keyspace: filled, workflow: filled },
  keyspace: { keyspace: filled },
  shard: { keyspace: filled, shard: filled },
});
export type LockScope = ValueOf<typeof lock>;

export const blocked = record({
  object: mapOf(text),
  finding: orNull(text),
  reason: text,
  /** What the operator can do. */
  instead: text,
});
export type Blocked = ValueOf<typeof blocked>;
