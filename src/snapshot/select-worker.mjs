/** Runs one query on a snapshot's file and posts the answer; `select.ts` ends this thread at its time limit. */
import { parentPort, workerData } from "node:worker_threads";
import sqlite from "node-sqlite3-wasm";

const { path, sql, columnsSql } = workerData;
const db = new sqlite.Database(path, { readOnly: true });
try {
  const rows = db.all(sql);
  const columns = Object.keys(rows[0] ?? db.get(columnsSql) ?? {});
  parentPort.postMessage({ kind: "rows", columns, rows });
} catch (error) {
  parentPort.postMessage({ kind: "failed", message: error instanceof Error ? error.message : String(error) });
} finally {
  db.close();
}
