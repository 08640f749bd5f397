import type { MessagePort, Worker } from "node:worker_threads";
import type { Outcome } from "../cluster/outcome.js";
import type { TabletAddress, TabletReader } from "./access.js";

/** One end of a channel between two threads. */
export type Port = MessagePort | Worker;

type Method = Exclude<keyof TabletReader, "leave" | "close">;

interface Question {
  readonly kind: "question";
  readonly id: number;
  readonly method: Method;
  readonly args: unknown[];
}

interface Leave {
  readonly kind: "leave";
  readonly at: TabletAddress;
}

interface Answer {
  readonly id: number;
  readonly outcome: Outcome<unknown>;
}

/** Questions to a reader that lives behind `port`, in another thread; its answers are plain values. */
export function portReader(port: Port, close: () => void): TabletReader {
  const waiting = new Map<number, (outcome: Outcome<never>) => void>();
  const send = batched<Question | Leave>(port);
  let last = 0;
  port.on("message", (answers: readonly Answer[]) => {
    for (const { id, outcome } of answers) {
      waiting.get(id)?.(outcome as Outcome<never>);
      waiting.delete(id);
    }
  });
  const ask =
    <M extends Method>(method: M) =>
    <T>(...args: [TabletAddress, ...unknown[]]): Promise<Outcome<T>> =>
      new Promise((resolve) => {
        last += 1;
        waiting.set(last, resolve);
        send({ kind: "question", id: last, method, args });
      });
  return {
    identity: ask("identity"),
    vars: ask("vars"),
    status: ask("status"),
    rows: ask("rows"),
    schema: ask("schema"),
    sequences: ask("sequences"),
    deniedTables: ask("deniedTables"),
    mysqlRows: ask("mysqlRows"),
    mysqlStatus: ask("mysqlStatus"),
    leave: (at) => send({ kind: "leave", at }),
    close,
  };
}

/** The other end: hands every question to `reader`. A bug in it ends the thread, and with it the process. */
export function serveReader(port: Port, reader: TabletReader): void {
  const send = batched<Answer>(port);
  const answer = ({ id, method, args }: Question): void => {
    const call = reader[method] as (...args: unknown[]) => Promise<Outcome<unknown>>;
    void call.apply(reader, args).then((outcome) => send({ id, outcome }));
  };
  port.on("message", (all: readonly (Question | Leave)[]) => {
    for (const each of all) {
      if (each.kind === "leave") reader.leave(each.at);
      else answer(each);
    }
  });
}

/** Whatever is said in one turn of the event loop crosses as one message: each costs its receiver a turn of its own. */
function batched<T>(port: Port): (item: T) => void {
  let batch: T[] = [];
  return (item) => {
    batch.push(item);
    if (batch.length > 1) return;
    setImmediate(() => {
      const full = batch;
      batch = [];
      port.postMessage(full);
    });
  };
}
