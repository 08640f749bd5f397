import type { Etcd3 } from "etcd3";

const EVERY_MS = 10;

/** Puts one small key a hundred times a second while `work` runs; the latencies in milliseconds. */
export async function putsDuring<T>(
  etcd: Etcd3,
  work: () => Promise<T>,
): Promise<{ readonly result: T; readonly puts: readonly number[] }> {
  const puts: number[] = [];
  const flying = new Set<Promise<void>>();
  const timer = setInterval(() => {
    const put = putOnce(etcd).then((ms) => {
      puts.push(ms);
      flying.delete(put);
    });
    flying.add(put);
  }, EVERY_MS);
  try {
    const result = await work();
    clearInterval(timer);
    await Promise.all(flying);
    return { result, puts };
  } finally {
    clearInterval(timer);
  }
}

async function putOnce(etcd: Etcd3): Promise<number> {
  const start = performance.now();
  await etcd.put("/bench/latency").value("x");
  return performance.now() - start;
}

export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}
