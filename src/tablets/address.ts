/** `host:port`, with the brackets that an IPv6 address needs. */
export const formatHostPort = (host: string, port: number): string =>
  host.includes(":") && !host.startsWith("[") ? `[${host}]:${port}` : `${host}:${port}`;

/** The host as socket libraries want it: without brackets. */
export const bareHost = (host: string): string => host.replace(/^\[(.*)\]$/, "$1");
