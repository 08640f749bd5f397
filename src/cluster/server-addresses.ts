/** `http://etcd-1:2379,etcd-2:2379/` as its hosts and ports, lower case. Every address list names members of one etcd cluster. */
export const addressesOf = (servers: string): readonly string[] =>
  servers
    .split(",")
    .map((server) =>
      server
        .trim()
        .toLowerCase()
        .replace(/^[a-z0-9]+:\/\//, "")
        .replace(/\/.*$/, ""),
    )
    .filter((server) => server !== "");

/** One member in common is enough. */
export function shareAnAddress(one: string, other: string): boolean {
  const known = new Set(addressesOf(one));
  return addressesOf(other).some((address) => known.has(address));
}
