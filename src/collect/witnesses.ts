import { inventoryWitnesses } from "../witnesses/inventory-witnesses.js";
import { withOverride } from "../witnesses/override.js";
import { snapshotWitnesses } from "../witnesses/snapshot-witnesses.js";
import { type DeletedTablet, historyWitnesses, topologyWitnesses } from "../witnesses/topology-witnesses.js";
import type { Witness } from "../witnesses/witness.js";
import type { Recorded } from "./recorded.js";
import type { CollectSettings } from "./settings.js";

/** Everybody who can say where a tablet may run, before any is asked; addresses as they are reached from here. */
export const witnessesOf = (
  recorded: Recorded,
  deleted: readonly DeletedTablet[],
  settings: CollectSettings,
): readonly Witness[] =>
  [
    ...topologyWitnesses(recorded.tablets),
    ...inventoryWitnesses(settings.inventory),
    ...snapshotWitnesses(settings.earlier),
    ...historyWitnesses(deleted),
  ].map((witness) => withOverride(witness, settings.inventory));

/** The kinds of witnesses that were asked, for the report's coverage. */
export const witnessKinds = (settings: CollectSettings): readonly string[] => [
  "topology",
  "history",
  ...(settings.inventory.tablets.length > 0 ? ["inventory"] : []),
  ...(settings.earlier.length > 0 ? ["snapshot"] : []),
  ...(settings.mysql ? ["replica"] : []),
];
