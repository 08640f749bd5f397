import type { Outcome } from "../cluster/outcome.js";
import type { Entry, RangeResult, TopologyReader } from "./store.js";

/** Reads old revisions and counts the requests, so that history costs etcd no more than was agreed. */
export class OldRevisions {
  #requests = 0;
  #exhausted = false;

  constructor(
    private readonly reader: Pick<TopologyReader, "range" | "get">,
    private readonly budget: number,
  ) {}

  get requests(): number {
    return this.#requests;
  }

  /** Something was left unread because the budget was spent. */
  get exhausted(): boolean {
    return this.#exhausted;
  }

  /** Asked before each request that can be done without; after a `false` the caller goes on with what it has. */
  allows(): boolean {
    this.#exhausted ||= this.#requests >= this.budget;
    return this.#requests < this.budget;
  }

  keys(prefix: string, revision: number, createdAfter = 0): Promise<Outcome<RangeResult>> {
    this.#requests++;
    return this.reader.range({ prefix, revision, keysOnly: true, ...(createdAfter > 0 && { createdAfter }) });
  }

  entries(prefix: string, revision: number): Promise<Outcome<RangeResult>> {
    this.#requests++;
    return this.reader.range({ prefix, revision });
  }

  get(key: string, revision: number): Promise<Outcome<{ readonly entry: Entry | null }>> {
    this.#requests++;
    return this.reader.get(key, revision);
  }
}
