/** How to reach etcd. The server itself is said per connection: cells may live in etcds of their own. */
export interface EtcdOptions {
  /** For each request; an etcd that accepts the connection and never answers costs this much and no more. */
  readonly timeoutMs: number;
  /** Null: no TLS, unless an address starts with `https://`. Without `ca` the system's certificate authorities decide. */
  readonly tls: { readonly ca?: Buffer; readonly cert?: Buffer; readonly key?: Buffer } | null;
}
