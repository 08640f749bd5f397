import { type Outcome, unanswered } from "../cluster/outcome.js";

/** 16 MiB, Vitess's `--grpc-max-message-size` (docs/vitess.md#tablet-grpc). */
export const MAX_MESSAGE_BYTES = 16 << 20;

/** A flag that says "not compressed", and the length (grpc's `doc/PROTOCOL-HTTP2.md`, Length-Prefixed-Message). */
const PREFIX_BYTES = 5;

/** A message as it goes over the wire. */
export function framed(message: Uint8Array): Buffer {
  const frame = Buffer.allocUnsafe(PREFIX_BYTES + message.length);
  frame[0] = 0;
  frame.writeUInt32BE(message.length, 1);
  frame.set(message, PREFIX_BYTES);
  return frame;
}

/** Puts the first message of an answer together; what comes after it is not kept. */
export class FirstMessage {
  readonly #chunks: Buffer[] = [];
  #bytes = 0;
  /** Of the whole frame, once its prefix has come. */
  #wanted = Number.POSITIVE_INFINITY;

  /** The message, or why it is not read, once that is known. */
  add(chunk: Buffer): Outcome<Uint8Array> | null {
    this.#chunks.push(chunk);
    this.#bytes += chunk.length;
    if (this.#bytes < PREFIX_BYTES) return null;
    if (this.#wanted === Number.POSITIVE_INFINITY) {
      const prefix = this.#all();
      const length = prefix.readUInt32BE(1);
      if (prefix[0] !== 0) return unanswered("failed", "grpc: a compressed message that was not asked for");
      if (length > MAX_MESSAGE_BYTES) return tooLarge(length);
      this.#wanted = PREFIX_BYTES + length;
    }
    if (this.#bytes < this.#wanted) return null;
    return { kind: "answered", value: this.#all().subarray(PREFIX_BYTES, this.#wanted) };
  }

  #all(): Buffer {
    const [only] = this.#chunks;
    return only !== undefined && this.#chunks.length === 1 ? only : Buffer.concat(this.#chunks);
  }
}

/** In the words of Vitess's own client (google.golang.org/grpc rpc_util.go recvMsg). */
const tooLarge = (length: number): Outcome<Uint8Array> =>
  unanswered("failed", `grpc: received message larger than max (${length} vs. ${MAX_MESSAGE_BYTES})`);
