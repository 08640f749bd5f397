import { Agent, get, type IncomingMessage } from "node:http";
import type { Clock } from "../cluster/clock.js";
import { answered, type Outcome, unanswered } from "../cluster/outcome.js";
import type { TabletAddress } from "./access.js";
import { endpoint } from "./address.js";
import { type OnOver, withDeadline } from "./deadline.js";
import { CallLimiter } from "./limiter.js";
import type { TabletOptions } from "./options.js";
import { socketUnanswered } from "./socket-errors.js";

/** A tablet with thousands of tables publishes a few MiB. */
const MAX_BODY_BYTES = 32 << 20;

/**
 * vttablet's HTTP port. It never speaks TLS and knows no credentials (docs/vitess.md#debug-vars).
 */
export class TabletHttp {
  readonly #limiter: CallLimiter;
  readonly #timeoutMs: number;
  readonly #clock: Clock;

  constructor(options: TabletOptions, clock: Clock) {
    this.#limiter = new CallLimiter(options.concurrency, options.concurrencyPerHost);
    this.#timeoutMs = options.timeoutMs;
    this.#clock = clock;
  }

  async text(at: TabletAddress, path: string): Promise<Outcome<string>> {
    const where = endpoint("HTTP", at.host, at.httpPort);
    if (where.kind === "unanswered") return where;
    const { host, port } = where.value;
    return this.#limiter.run(host, () =>
      withDeadline(this.#clock, this.#timeoutMs, (onOver) => getText(host, port, path, onOver)),
    );
  }
}

/** One question a connection. Not `agent: false`, which makes an agent for each request. */
const AGENT = new Agent({ keepAlive: false });

/** An unknown path is redirected there, so a redirect is a refusal and is not followed. */
const getText = (host: string, port: number, path: string, onOver: OnOver): Promise<Outcome<string>> =>
  new Promise((resolve) => {
    const request = get({ host, port, path, agent: AGENT }, (response) => {
      if (response.statusCode === 200) return readBody(response, resolve);
      response.resume();
      const denied = response.statusCode === 401 || response.statusCode === 403;
      resolve(unanswered(denied ? "denied" : "failed", `${path} answered HTTP ${response.statusCode}`));
    });
    request.on("error", (error) => resolve(socketUnanswered(error)));
    onOver(() => request.destroy());
  });

function readBody(response: IncomingMessage, resolve: (outcome: Outcome<string>) => void): void {
  const chunks: Buffer[] = [];
  let bytes = 0;
  response.on("data", (chunk: Buffer) => {
    bytes += chunk.length;
    chunks.push(chunk);
    if (bytes <= MAX_BODY_BYTES) return;
    resolve(unanswered("failed", `the answer is longer than ${MAX_BODY_BYTES} bytes`));
    response.destroy();
  });
  response.on("end", () => resolve(answered(Buffer.concat(chunks).toString("utf8"))));
  response.on("error", (error) => resolve(socketUnanswered(error)));
}
