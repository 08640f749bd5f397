import { rootCertificates } from "node:tls";
import { Etcd3, type IOptions } from "etcd3";
import { UsageError } from "../cluster/errors.js";

/** How to reach etcd. The server itself is said per connection: cells may live in etcds of their own. */
export interface EtcdOptions {
  /** For each request; an etcd that accepts the connection and never answers costs this much and no more. */
  readonly timeoutMs: number;
  /** Null: no TLS, unless an address starts with `https://`. Without `ca` the system's certificate authorities decide. */
  readonly tls: { readonly ca?: Buffer; readonly cert?: Buffer; readonly key?: Buffer } | null;
}

/** The members of an address list as in Vitess's flags and CellInfo: comma-separated, with or without scheme. */
export const hostsOf = (server: string): readonly string[] =>
  server
    .split(",")
    .map((host) => host.trim().replace(/\/+$/, ""))
    .filter((host) => host !== "" && host !== "http:" && host !== "https:");

/** @throws {UsageError} where the TLS files can not be used together. */
export function openEtcd(host: string, options: EtcdOptions): Etcd3 {
  const credentials = credentialsOf(host, options.tls);
  const once = new Once();
  try {
    return new Etcd3({
      hosts: host,
      ...(credentials && { credentials }),
      grpcOptions: {
        // Pages are bounded by their number of keys; a single large SrvVSchema must still be readable (default 4 MiB).
        "grpc.max_receive_message_length": -1,
        "grpc.max_reconnect_backoff_ms": 2_000,
      },
      faultHandling: { global: once, host: () => once },
    });
  } catch (error) {
    throw new UsageError(
      `--topo-etcd-tls-ca, --topo-etcd-tls-cert or --topo-etcd-tls-key can not be used: ${error instanceof Error ? error.message : error}`,
    );
  }
}

function credentialsOf(host: string, tls: EtcdOptions["tls"]): IOptions["credentials"] {
  if (tls === null && !host.startsWith("https://")) return undefined;
  const { ca, cert, key } = tls ?? {};
  if ((cert === undefined) !== (key === undefined)) {
    throw new UsageError("--topo-etcd-tls-cert and --topo-etcd-tls-key belong together: give both or none.");
  }
  return {
    rootCertificate: ca ?? Buffer.from(rootCertificates.join("\n")),
    ...(cert && key && { certChain: cert, privateKey: key }),
  };
}

type Policy = NonNullable<NonNullable<IOptions["faultHandling"]>["global"]>;
const noListener = () => ({ dispose: () => undefined });

/**
 * In place of etcd3's retries, back-off and circuit breaker: they would make a deadline mean something else, and would send a write
 * again that may have happened already.
 */
class Once implements Policy {
  readonly onSuccess = noListener;
  readonly onFailure = noListener;

  /** cockatiel's virtual property; nothing reads it. */
  declare readonly _altReturn: never;

  async execute<T>(run: (context: { signal: AbortSignal }) => PromiseLike<T> | T): Promise<T> {
    return run({ signal: new AbortController().signal });
  }
}
