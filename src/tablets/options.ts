/** How tablets and their MySQL are called. Secrets arrive as values; which file or variable they came from is `config`'s matter. */
export interface TabletOptions {
  /** Milliseconds for one call, connecting included; waiting for a free slot is not counted. */
  readonly timeoutMs: number;
  /** Calls in flight at once, over all hosts. */
  readonly concurrency: number;
  /** Calls in flight at once to one host name. */
  readonly concurrencyPerHost: number;
  /** Vitess's `--tablet-manager-grpc-{ca,cert,key,server-name}`; null: plain text. */
  readonly tls: TabletTls | null;
  /** Vitess's `--grpc-auth-static-client-creds`: sent as metadata with every call. */
  readonly staticAuth: StaticAuth | null;
  /** null: MySQL is never asked. */
  readonly mysql: MysqlLogin | null;
}

/** TLS is spoken when `ca`, or both `cert` and `key`, are given (Vitess go/vt/grpcclient/client.go SecureDialOption). */
export interface TabletTls {
  readonly ca?: Buffer;
  readonly cert?: Buffer;
  readonly key?: Buffer;
  /** The name that the server's certificate must carry, where it is not the host name. */
  readonly serverName?: string;
}

export interface StaticAuth {
  readonly username: string;
  readonly password: string;
}

export interface MysqlLogin {
  readonly user: string;
  readonly password: string;
  /** An empty object: TLS with the system's certificate authorities. null: plain text, the password by RSA key exchange. */
  readonly ssl: { readonly ca?: Buffer; readonly cert?: Buffer; readonly key?: Buffer } | null;
}
