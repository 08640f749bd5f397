import { create, equals } from "@bufbuild/protobuf";
import type { Shard, Shard_TabletControl } from "../../proto/gen/topodata_pb.js";
import { RoutingRulesSchema, type Table, TableSchema } from "../../proto/gen/vschema_pb.js";
import {
  decodeRoutingRules,
  decodeShard,
  decodeVSchema,
  encodeRoutingRules,
  encodeShard,
  encodeVSchema,
} from "../../topology/records.js";
import type { Step } from "../steps/index.js";
import { base64 } from "../view/keys.js";

export type Merged =
  | { readonly kind: "as-before" }
  /** Base64. */
  | { readonly kind: "put"; readonly value: string }
  | { readonly kind: "conflict"; readonly reason: string };

const CHANGED: Merged = { kind: "conflict", reason: "it was changed after the run" };
const conflict = (reason: string): Merged => ({ kind: "conflict", reason });

/** What the step took off, put into the record as it is now; `before` and `now` are base64; `now` null: no such key. */
export const mergeBack = (step: Step, before: string, now: string | null): Merged => {
  switch (step.kind) {
    case "denial.lift":
      return now === null ? CHANGED : mergeDenials(step.tables, bytes(before), bytes(now));
    case "routing.remove":
      return mergeRules(step.fromTables, bytes(before), now === null ? null : bytes(now));
    case "vschema.remove-tables":
      return now === null ? CHANGED : mergeVSchema(step.tables, bytes(before), bytes(now));
    default:
      return CHANGED;
  }
};

const bytes = (text: string): Uint8Array => Buffer.from(text, "base64");

function mergeRules(fromTables: readonly string[], before: Uint8Array, now: Uint8Array | null): Merged {
  const old = decodeRoutingRules(before);
  const current = now === null ? null : decodeRoutingRules(now);
  if (old.kind === "unanswered" || current?.kind === "unanswered") return CHANGED;
  const record = current?.value ?? create(RoutingRulesSchema);
  const removed = old.value.rules.filter((rule) => fromTables.includes(rule.fromTable));
  const there = record.rules.filter((rule) => fromTables.includes(rule.fromTable));
  const same = (one: { toTables: string[] }, other: { toTables: string[] } | undefined) =>
    other !== undefined && one.toTables.join() === other.toTables.join();
  const missing = removed.filter((rule) => !there.some((one) => one.fromTable === rule.fromTable));
  const other = there.find(
    (rule) =>
      !same(
        rule,
        removed.find((one) => one.fromTable === rule.fromTable),
      ),
  );
  if (other !== undefined) return conflict(`there is another rule for ${other.fromTable} since`);
  if (missing.length === 0) return { kind: "as-before" };
  return {
    kind: "put",
    value: base64(encodeRoutingRules({ ...record, rules: [...record.rules, ...missing] })),
  };
}

function mergeVSchema(tables: readonly string[], before: Uint8Array, now: Uint8Array): Merged {
  const [old, current] = [decodeVSchema(before), decodeVSchema(now)];
  if (old.kind === "unanswered" || current.kind === "unanswered") return CHANGED;
  const removed = Object.entries(old.value.tables).filter(([name]) => tables.includes(name));
  const there = tables.filter((table) => table in current.value.tables);
  const other = there.filter((table) => !sameEntry(old.value.tables[table], current.value.tables[table]));
  if (other.length > 0) return conflict(`the VSchema names ${other.join(", ")} again since`);
  if (removed.every(([name]) => there.includes(name))) return { kind: "as-before" };
  const all = { ...current.value.tables, ...Object.fromEntries(removed) };
  return { kind: "put", value: base64(encodeVSchema({ ...current.value, tables: all })) };
}

const sameEntry = (one: Table | undefined, other: Table | undefined): boolean =>
  one !== undefined && other !== undefined && equals(TableSchema, one, other);

/** Denials lie in one control per tablet type; a control that the run emptied is gone and comes back as it was. */
function mergeDenials(tables: readonly string[], before: Uint8Array, now: Uint8Array): Merged {
  const [old, current] = [decodeShard(before), decodeShard(now)];
  if (old.kind === "unanswered" || current.kind === "unanswered") return CHANGED;
  const lifted = old.value.tabletControls.filter((control) => deniedOf(control, tables).length > 0);
  const frozen = current.value.tabletControls.find((control) => control.frozen);
  if (frozen !== undefined) return conflict("a traffic switch froze the shard since");
  if (lifted.every((control) => stillDenied(control, current.value, tables))) return { kind: "as-before" };
  const controls = current.value.tabletControls.map((control) => {
    const source = lifted.find((one) => one.tabletType === control.tabletType);
    const back = source === undefined ? [] : deniedOf(source, tables);
    return { ...control, deniedTables: [...new Set([...control.deniedTables, ...back])] };
  });
  const missing = lifted
    .filter((control) => !controls.some((one) => one.tabletType === control.tabletType))
    .map((control) => ({ ...control, deniedTables: [...deniedOf(control, tables)] }));
  const tabletControls = [...controls, ...missing];
  return { kind: "put", value: base64(encodeShard({ ...current.value, tabletControls })) };
}

const deniedOf = (control: Shard_TabletControl, tables: readonly string[]): readonly string[] =>
  control.deniedTables.filter((table) => tables.includes(table));

const stillDenied = (control: Shard_TabletControl, now: Shard, tables: readonly string[]): boolean =>
  deniedOf(control, tables).every((table) =>
    now.tabletControls.some(
      (one) => one.tabletType === control.tabletType && one.deniedTables.includes(table),
    ),
  );
