import { classifyKey } from "../topology/paths.js";
import { decodeCellInfo } from "../topology/records.js";
import type { ServerReading } from "./topology-reading.js";

/** Where the topology of one cell lies, as its CellInfo says. */
export interface CellPlace {
  readonly cell: string;
  readonly server: string;
  readonly root: string;
}

/** The cells that can be found; a CellInfo that cannot be decoded is reported from its bytes, later. */
export function cellsOf(global: ServerReading, globalRoot: string): readonly CellPlace[] {
  return [...global.entries.values()].flatMap((entry): readonly CellPlace[] => {
    const key = classifyKey(globalRoot, entry.key);
    if (key.kind !== "cell-info") return [];
    const info = decodeCellInfo(entry.value);
    if (info.kind === "unanswered") return [];
    return [{ cell: key.cell, server: info.value.serverAddress, root: info.value.root }];
  });
}
