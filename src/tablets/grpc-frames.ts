import { answered, type Outcome, unanswered } from "../cluster/outcome.js";

/** 16 MiB, Vitess's `--grpc-max-message-size` (`topology-and-wire.md` 7.1). */
const MAX_MESSAGE_BYTES = 16 << 20;

/** One byte that says whether the message is compressed, four for its length (gRPC over HTTP2, "Length-Prefixed-Message"). */
const PREFIX_BYTES = 5;

export function frameOf(message: Uint8Array): Buffer {
  const frame = Buffer.alloc(PREFIX_BYTES + message.length);
  frame.writeUInt32BE(message.length, 1);
  frame.set(message, PREFIX_BYTES);
  return frame;
}

/** Puts the first message of an answer together from the pieces in which it comes. */
export class MessageFrames {
  readonly #chunks: Buffer[] = [];
  #bytes = 0;

  push(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#bytes += chunk.length;
  }

  /** Null until all of it is here. Nothing else than plain messages was offered, so a compressed one is a failure. */
  first(): Outcome<Uint8Array | null> {
    if (this.#bytes < PREFIX_BYTES) return answered(null);
    const prefix = this.#together(PREFIX_BYTES);
    if (prefix.readUInt8(0) !== 0) return unanswered("failed", "the answer is compressed");
    const length = prefix.readUInt32BE(1);
    if (length > MAX_MESSAGE_BYTES) {
      return unanswered("failed", `received message larger than max (${length} vs. ${MAX_MESSAGE_BYTES})`);
    }
    if (this.#bytes < PREFIX_BYTES + length) return answered(null);
    return answered(this.#together(PREFIX_BYTES + length).subarray(PREFIX_BYTES, PREFIX_BYTES + length));
  }

  /** So many bytes in the first piece, at least. */
  #together(bytes: number): Buffer {
    const [first] = this.#chunks;
    if (first !== undefined && first.length >= bytes) return first;
    const all = Buffer.concat(this.#chunks);
    this.#chunks.splice(0, this.#chunks.length, all);
    return all;
  }
}
