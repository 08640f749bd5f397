import type { Connection } from "../config/settings.js";
import type { TabletOptions } from "../tablets/options.js";

/** Calls in flight to one host: many tablets share one in test clusters, and a production host must not feel a scan. */
const PER_HOST = 8;

export const tabletOptions = (connection: Connection): TabletOptions => ({
  timeoutMs: connection.timeoutMs,
  concurrency: connection.concurrency,
  concurrencyPerHost: PER_HOST,
  tls: connection.tabletTls,
  staticAuth: connection.staticAuth,
  mysql: connection.mysql && {
    user: connection.mysql.user,
    password: connection.mysql.password,
    ssl: connection.mysql.tls,
  },
});
