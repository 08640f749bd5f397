import { isIPv4, isIPv6 } from "node:net";
import { domainToASCII } from "node:url";
import { answered, type Outcome, unanswered } from "../cluster/outcome.js";

/** `host:port`, with the brackets that an IPv6 address needs. */
export const formatHostPort = (host: string, port: number): string =>
  host.includes(":") && !host.startsWith("[") ? `[${host}]:${port}` : `${host}:${port}`;

/** The host as socket libraries want it: without brackets. */
const bareHost = (host: string): string => host.replace(/^\[(.*)\]$/, "$1");

export interface Endpoint {
  /** Without brackets. */
  readonly host: string;
  readonly port: number;
}

/** Where to dial. A record may say anything, and the socket libraries throw at what can be no host name and no port. */
export function endpoint(service: "gRPC" | "HTTP" | "MySQL", host: string, port: number): Outcome<Endpoint> {
  if (host === "" || port <= 0) return unanswered("unreachable", `no ${service} address is known`);
  if (port > 65_535) return unanswered("unreachable", `${port} is no port`);
  const bare = bareHost(host);
  const name = isAddress(bare) ? bare : END_OF_HOST.test(bare) ? "" : domainToASCII(bare);
  return name === ""
    ? unanswered("unreachable", `${JSON.stringify(host)} is no host name`)
    : answered({ host: name, port });
}

/** Zones are of one machine: no record can name them for another. */
const isAddress = (host: string): boolean => isIPv4(host) || (isIPv6(host) && !host.includes("%"));

/** `domainToASCII` takes what stands before one of these for the whole. */
const END_OF_HOST = /[/\\?#]/;
