/** A value that is not NULL, and the words behind the filter's name. */
type Filter = (value: string | number, argument: string) => string;

/** What `{column|filter}` does with a value that is not NULL. Pure text; times are UTC. */
export const FILTERS = {
  /** Unix seconds -> `2026-11-24T22:41:17Z`. */
  time: (value: string | number): string =>
    new Date(Number(value) * 1000).toISOString().replace(/\.\d+Z$/, "Z"),

  /** Seconds -> `42 s`, `3 min`, `5 h`, `2 d`. */
  duration: (value: string | number): string => {
    const seconds = Math.max(0, Math.round(Number(value)));
    if (seconds < 120) return `${seconds} s`;
    if (seconds < 7200) return `${Math.round(seconds / 60)} min`;
    if (seconds < 172_800) return `${Math.round(seconds / 3600)} h`;
    return `${Math.round(seconds / 86_400)} d`;
  },

  /** `{tablets|count tablet}` -> `1 tablet`, `3 tablets`; `{n|count copy/copies}` where an s does not do. */
  count: (value: string | number, noun: string): string => {
    const [one = "", many = `${one}s`] = noun.split("/");
    return `${value} ${Number(value) === 1 ? one : many}`;
  },

  /** What else there is: `{streams|plus active stream}` -> ` and 2 active streams`, and nothing of 0. */
  plus: (value: string | number, noun: string): string =>
    Number(value) === 0 ? "" : ` and ${FILTERS.count(value, noun)}`,

  /** Milliseconds -> `1.5 s`. */
  seconds: (value: string | number): string => `${(Number(value) / 1000).toFixed(1)} s`,

  /** Bytes -> `12 KiB`, `1.5 MiB`, `2.0 GiB`. */
  size: (value: string | number): string => {
    const bytes = Number(value);
    if (bytes >= 2 ** 30) return `${(bytes / 2 ** 30).toFixed(1)} GiB`;
    return bytes >= 2 ** 20 ? `${(bytes / 2 ** 20).toFixed(1)} MiB` : `${Math.ceil(bytes / 1024)} KiB`;
  },

  /** A JSON array of texts -> `a, b and c`. */
  list: (value: string | number): string => {
    const items: unknown = JSON.parse(String(value));
    if (!Array.isArray(items)) throw new Error(`'${value}' is not a JSON array`);
    const words = items.map(String);
    const last = words.pop() ?? "nothing";
    return words.length === 0 ? last : `${words.join(", ")} and ${last}`;
  },

  /** The end of a GTID position, where two positions of one server differ. */
  tail: (value: string | number): string => {
    const text = String(value);
    return text.length <= 24 ? text : `...${text.slice(-20)}`;
  },
} as const satisfies Record<string, Filter>;

export type FilterName = keyof typeof FILTERS;
