import { get } from "node:http";
import { create, toBinary } from "@bufbuild/protobuf";
import { Client, credentials, Metadata } from "@grpc/grpc-js";
import {
  ExecuteFetchAsDbaRequestSchema,
  GetSchemaRequestSchema,
} from "../../src/proto/gen/tabletmanagerdata_pb.js";
import { ALL_TABLES, MAX_ROWS, SIDECAR_READS } from "../../src/tablets/queries.js";
import { type BenchTablet, type Shape, tabletsOf } from "./shape.js";

/**
 * The calls of one scan and nothing else, from one Node process: a channel per tablet, so many tablets at once, answers thrown away
 * undecoded. What vtdoctor needs beyond this is its own.
 */
const shape: Shape = JSON.parse(process.argv[2] ?? "");
const AT_ONCE = 64;

const asIs = (bytes: Buffer): Buffer => bytes;
const metadata = new Metadata();
const plain = credentials.createInsecure();
const MANAGER = "/tabletmanagerservice.TabletManager";

const unary = (client: Client, method: string, request: Buffer): Promise<void> =>
  new Promise((resolve, reject) => {
    client.makeUnaryRequest(`${MANAGER}/${method}`, asIs, asIs, request, metadata, (error) =>
      error === null ? resolve() : reject(error),
    );
  });

const first = (client: Client): Promise<void> =>
  new Promise((resolve) => {
    const stream = client.makeServerStreamRequest(
      "/queryservice.Query/StreamHealth",
      asIs,
      asIs,
      Buffer.alloc(0),
    );
    stream.once("data", () => {
      resolve();
      stream.cancel();
    });
    stream.on("error", () => {});
  });

const debug = (host: string, port: number, path: string): Promise<void> =>
  new Promise((resolve, reject) => {
    get({ host, port, path, agent: false }, (response) => {
      response.on("data", () => {});
      response.on("end", resolve);
    }).on("error", reject);
  });

const dba = (sql: string): Buffer =>
  Buffer.from(
    toBinary(
      ExecuteFetchAsDbaRequestSchema,
      create(ExecuteFetchAsDbaRequestSchema, { query: Buffer.from(sql), maxRows: MAX_ROWS }),
    ),
  );

const STREAMS = dba(SIDECAR_READS.streams);
const CONTENTS = dba(SIDECAR_READS.contents);
const TABLES = dba(ALL_TABLES);
const SCHEMA = Buffer.from(
  toBinary(
    GetSchemaRequestSchema,
    create(GetSchemaRequestSchema, { includeViews: true, tableSchemaOnly: true }),
  ),
);

async function ask({ at, primary, interesting }: BenchTablet): Promise<void> {
  const client = new Client(`${at.host}:${at.grpcPort}`, plain, { "grpc.use_local_subchannel_pool": 1 });
  await first(client);
  await debug(at.host, at.httpPort, "/debug/vars");
  await Promise.all([
    unary(client, "FullStatus", Buffer.alloc(0)),
    unary(client, "ExecuteFetchAsDba", STREAMS),
    primary ? unary(client, "ExecuteFetchAsDba", CONTENTS) : null,
  ]);
  if (primary && interesting)
    await Promise.all([
      unary(client, "ExecuteFetchAsDba", TABLES),
      unary(client, "GetSchema", SCHEMA),
      debug(at.host, at.httpPort, "/debug/query_rules"),
    ]);
  client.close();
}

const queue = tabletsOf(shape);
await Promise.all(
  Array.from({ length: AT_ONCE }, async () => {
    for (const tablet of queue) await ask(tablet);
  }),
);
process.exit(0);
