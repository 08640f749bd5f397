import type { Socket } from "node:net";
import type { TabletAddress, TabletReader, TabletWriter } from "../../tablets/access.js";

/** Where the answers of served tablets come from, by the address that was called. `unreachable` hangs up, `timeout` never answers. */
export interface TabletAnswers {
  readonly reader: TabletReader;
  readonly writer: TabletWriter;
}

/** One protocol of all served tablets. */
export interface Protocol {
  /** Speaks with a caller who came in at that tablet's port. */
  welcome(socket: Socket, at: TabletAddress): void;
  close(): void;
}
