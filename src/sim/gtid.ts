/** Whether a GTID set (`MySQL56/uuid:1-5:7,uuid2:3`, with or without the flavour) holds transaction `number` of server `uuid`. */
export const gtidSetHas = (set: string, uuid: string, number: number): boolean =>
  set
    .replace(/^MySQL56\//, "")
    .split(",")
    .map((part) => part.trim().split(":"))
    .some(
      ([server, ...intervals]) => server === uuid && intervals.some((interval) => within(interval, number)),
    );

const within = (interval: string, number: number): boolean => {
  const [first, last] = interval.split("-").map(Number);
  return first !== undefined && first <= number && number <= (last ?? first);
};
