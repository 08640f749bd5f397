import { inflateSync } from "node:zlib";

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** A column's bytes as text; what is no UTF-8 as `base64:...`. Positions may be compressed and are expanded first. */
export function textOfCell(column: string, bytes: Uint8Array): string {
  const plain = POSITIONS.has(column) ? (expandPosition(bytes) ?? bytes) : bytes;
  try {
    return utf8.decode(plain);
  } catch {
    return `base64:${Buffer.from(plain).toString("base64")}`;
  }
}

const POSITIONS = new Set(["pos", "stop_pos"]);

/** A GTID set longer than this is none; it bounds what a crafted value can inflate to. */
const MAX_POSITION_BYTES = 64 << 20;

/**
 * MySQL's COMPRESS() form, which vttablet writes with `--vreplication-store-compressed-gtid`: four bytes of length, little-endian,
 * then zlib. Like Vitess (binlog_player.go MysqlUncompress; docs/vitess.md#stream-rows) we take a value for compressed only
 * if it inflates to exactly that length. Null: it is not compressed.
 */
function expandPosition(bytes: Uint8Array): Uint8Array | null {
  if (bytes.length < 5) return null;
  const length = new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0, true);
  if (length === 0 || length > MAX_POSITION_BYTES) return null;
  try {
    const plain = inflateSync(bytes.subarray(4), { maxOutputLength: length });
    return plain.length === length ? plain : null;
  } catch {
    return null;
  }
}
