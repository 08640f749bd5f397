import { addressName, type Witness, type WitnessSource } from "../../witnesses/witness.js";
import type { TabletAnswers } from "./answers.js";

/** A record's address first, also a deleted one's: it is what a restored record will name again. */
const PREFERENCE: readonly WitnessSource[] = ["topology", "history", "inventory", "snapshot", "replica"];

/**
 * Each process once, though it may be known under several addresses: the address that a record names or named stays. Two
 * processes of one alias stay two: the same MySQL and the same primary term, and the same command line (or, where one is not known,
 * the same port) prove one process, nothing less.
 */
export function distinctProcesses(
  answers: readonly TabletAnswers[],
  witnesses: readonly Witness[],
): readonly TabletAnswers[] {
  const preference = preferenceOf(witnesses);
  const rank = ({ target }: TabletAnswers): number => preference.get(target.address) ?? PREFERENCE.length;
  const preferred = answers.toSorted(
    (a, b) => rank(a) - rank(b) || (a.target.address < b.target.address ? -1 : 1),
  );
  const kept = new Map<string, TabletAnswers[]>();
  for (const tablet of preferred) {
    const key = serverOf(tablet);
    const alike = kept.get(key) ?? [];
    if (!alike.some((other) => isSameProcess(other, tablet))) kept.set(key, [...alike, tablet]);
  }
  return [...kept.values()].flat();
}

function serverOf({ target, who, status, identity }: TabletAnswers): string {
  if (who === null || status === null) return target.address;
  return JSON.stringify([who.alias, status.serverUuid, identity?.termStart ?? null]);
}

const isSameProcess = (one: TabletAnswers, other: TabletAnswers): boolean =>
  one.vars === null || other.vars === null
    ? one.target.at.grpcPort === other.target.at.grpcPort
    : one.vars.commandLineJson === other.vars.commandLineJson;

function preferenceOf(witnesses: readonly Witness[]): ReadonlyMap<string, number> {
  const preference = new Map<string, number>();
  for (const { source, at } of witnesses) {
    const address = addressName(at);
    const rank = PREFERENCE.indexOf(source);
    preference.set(address, Math.min(rank, preference.get(address) ?? rank));
  }
  return preference;
}
