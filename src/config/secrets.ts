import { readFileSync } from "node:fs";
import { codeOf, UsageError } from "../cluster/errors.js";

/** The bytes of a file that a flag names. */
function fileOf(flag: string, path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    throw new UsageError(
      `--${flag} ${path}: can not be read (${codeOf(error)}); give the path of a readable file.`,
    );
  }
}

export interface Tls {
  readonly ca?: Buffer;
  readonly cert?: Buffer;
  readonly key?: Buffer;
}

/** Vitess's rule: TLS where a CA, or a certificate with its key, is given. */
export function tlsOf(prefix: string, given: (name: string) => string | undefined): Tls | null {
  const read = (name: "ca" | "cert" | "key") => {
    const path = given(`${prefix}-${name}`);
    return path === undefined ? {} : { [name]: fileOf(`${prefix}-${name}`, path) };
  };
  const tls: Tls = { ...read("ca"), ...read("cert"), ...read("key") };
  if ((tls.cert === undefined) !== (tls.key === undefined)) {
    const missing = tls.cert === undefined ? "cert" : "key";
    throw new UsageError(
      `--${prefix}-${missing}: is missing; a client certificate needs both --${prefix}-cert and --${prefix}-key.`,
    );
  }
  return tls.ca === undefined && tls.cert === undefined ? null : tls;
}

export interface StaticAuth {
  readonly username: string;
  readonly password: string;
}

/** Vitess's file: `{"Username": "...", "Password": "..."}` (go/vt/grpcclient/client_auth_static.go). */
export function staticAuthOf(path: string): StaticAuth {
  const flag = "grpc-auth-static-client-creds";
  let value: unknown;
  try {
    value = JSON.parse(fileOf(flag, path).toString("utf8"));
  } catch (error) {
    if (error instanceof UsageError) throw error;
    throw new UsageError(`--${flag} ${path}: is no JSON; it must be {"Username": "...", "Password": "..."}.`);
  }
  const { Username, Password } = (value ?? {}) as Record<string, unknown>;
  if (typeof Username !== "string" || typeof Password !== "string") {
    throw new UsageError(`--${flag} ${path}: must have the keys "Username" and "Password" with text.`);
  }
  return { username: Username, password: Password };
}

/** From the file, else from the environment; the first line, without its end. */
export function mysqlPasswordOf(path: string | undefined, env: NodeJS.ProcessEnv): string {
  if (path !== undefined) return fileOf("mysql-password-file", path).toString("utf8").split(/\r?\n/)[0] ?? "";
  return env.VTDOCTOR_MYSQL_PASSWORD ?? "";
}
