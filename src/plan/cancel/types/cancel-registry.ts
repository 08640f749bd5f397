import type { CancelType } from "./cancel-type.js";
import { materialize } from "./materialize.js";
import { moveTables } from "./move-tables.js";
import { reshard } from "./reshard.js";

const TYPES: ReadonlyMap<string, CancelType> = new Map([
  ["Reshard", reshard],
  ["MoveTables", moveTables],
  ["Materialize", materialize],
]);

/** Null: its cancel would need steps that vtdoctor does not have; also for a kind that a later Vitess has. */
export const cancelType = (kind: string): CancelType | null => TYPES.get(kind) ?? null;
