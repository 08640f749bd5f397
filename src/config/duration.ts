import { UsageError } from "../cluster/errors.js";

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** Go's notation as Vitess's flags take it (`500ms`, `45s`, `1m30s`), in milliseconds. */
export function parseDuration(flag: string, text: string): number {
  const whole = /^(?:\d+(?:\.\d+)?(?:ms|s|m|h))+$/.test(text);
  if (!whole) throw new UsageError(`--${flag}: "${text}" is no duration; write it like 500ms, 30s or 1m30s.`);
  let total = 0;
  for (const [, amount = "", unit = ""] of text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h)/g))
    total += Number(amount) * (UNITS[unit] ?? 0);
  return total;
}
