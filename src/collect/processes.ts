import { addressName, WITNESS_SOURCES, type Witness } from "../witnesses/witness.js";
import type { Sighting } from "./sighting.js";

/**
 * Each process once, though it may be known under several addresses: the address that the most trusted witness named stays. Two
 * processes of one alias stay two: the same MySQL, the same primary term and the same command line prove one process, nothing less.
 */
export function distinctProcesses(
  sightings: readonly Sighting[],
  witnesses: readonly Witness[],
): readonly Sighting[] {
  const trust = trustOf(witnesses);
  const kept = new Map<string, Sighting>();
  const best = sightings.toSorted(
    (a, b) =>
      (trust.get(a.target.address) ?? WITNESS_SOURCES.length) -
        (trust.get(b.target.address) ?? WITNESS_SOURCES.length) ||
      (a.target.address < b.target.address ? -1 : 1),
  );
  for (const sighting of best) {
    const key = processKey(sighting);
    if (!kept.has(key)) kept.set(key, sighting);
  }
  return [...kept.values()];
}

function processKey({ target, who, status, vars, identity }: Sighting): string {
  if (who === null || status === null || vars === null) return target.address;
  return JSON.stringify([who.alias, status.serverUuid, identity?.termStart ?? null, vars.commandLine]);
}

function trustOf(witnesses: readonly Witness[]): ReadonlyMap<string, number> {
  const trust = new Map<string, number>();
  for (const { source, at } of witnesses) {
    const address = addressName(at);
    const rank = WITNESS_SOURCES.indexOf(source);
    trust.set(address, Math.min(rank, trust.get(address) ?? rank));
  }
  return trust;
}
