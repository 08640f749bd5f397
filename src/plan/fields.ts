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
