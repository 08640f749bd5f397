/** `work` on every item, at most `size` at once; the results in the order of the items. */
export async function inParallel<T, U>(
  items: readonly T[],
  size: number,
  work: (item: T) => Promise<U>,
): Promise<readonly U[]> {
  const results = new Map<number, U>();
  const queue = items.entries();
  const worker = async (): Promise<void> => {
    for (const [index, item] of queue) results.set(index, await work(item));
  };
  await Promise.all(Array.from({ length: Math.min(size, items.length) }, worker));
  return [...results].sort(([a], [b]) => a - b).map(([, result]) => result);
}
