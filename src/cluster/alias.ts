/** Which vttablet a record is about: the cell whose topology holds it, and its number there (a uint32). */
export interface Alias {
  readonly cell: string;
  readonly uid: number;
}

const ALIAS = /^([-_.a-zA-Z0-9]+)-([0-9]+)$/;
const MAX_UID = 0xffff_ffff;

/** `zone1-0000000100`; the last dash separates (topoproto/tablet.go TabletAliasString; docs/vitess.md#keys). */
export const formatAlias = (alias: Alias): string => `${alias.cell}-${String(alias.uid).padStart(10, "0")}`;

/** Null where Vitess would refuse the text too: `zone1-100` is the same alias as `zone1-0000000100`. */
export function parseAlias(text: string): Alias | null {
  const [, cell, digits] = ALIAS.exec(text) ?? [];
  if (cell === undefined || digits === undefined) return null;
  const uid = Number(digits);
  return uid <= MAX_UID ? { cell, uid } : null;
}
