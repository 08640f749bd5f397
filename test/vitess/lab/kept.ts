import { Etcd3 } from "etcd3";
import type { Lab } from "./lab.js";

/** Puts the bytes of a key back after what is played without them. */
export async function puttingBack(lab: Lab, key: string, play: () => Promise<void>): Promise<void> {
  const client = new Etcd3({ hosts: lab.server });
  try {
    const bytes = await client.get(key).buffer();
    if (bytes === null) throw new Error(`${key} is not there`);
    try {
      await play();
    } finally {
      await client.put(key).value(bytes);
    }
  } finally {
    client.close();
  }
}

/** Writes what `change` makes of the bytes of a key, which are none where there is no such key. */
export async function rewritten(lab: Lab, key: string, change: (bytes: Buffer) => Uint8Array): Promise<void> {
  const client = new Etcd3({ hosts: lab.server });
  try {
    const bytes = (await client.get(key).buffer()) ?? Buffer.alloc(0);
    await client.put(key).value(Buffer.from(change(bytes)));
  } finally {
    client.close();
  }
}
