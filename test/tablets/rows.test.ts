import { deflateSync } from "node:zlib";
import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { status } from "@grpc/grpc-js";
import fc from "fast-check";
import { afterEach, describe, expect, it } from "vitest";
import { type QueryResultSchema, RowSchema } from "../../src/proto/gen/query_pb.js";
import { TabletManager } from "../../src/proto/gen/tabletmanagerservice_pb.js";
import type { SidecarRow, TabletReader } from "../../src/tablets/access.js";
import { SIDECAR_READS } from "../../src/tablets/queries.js";
import { createTabletReader } from "../../src/tablets/reader.js";
import { answer, type FakeTablet, fakeTablet, refuse, serves } from "./fake-vttablet.js";
import { OPTIONS, realClock } from "./settings.js";

const { executeFetchAsDba, getSchema } = TabletManager.method;

type Cell = string | Uint8Array | null;

/** What vttablet sends for these rows. */
function resultOf(
  columns: readonly string[],
  rows: readonly (readonly Cell[])[],
): MessageInitShape<typeof QueryResultSchema> {
  return {
    fields: columns.map((name) => ({ name })),
    rows: rows.map((cells) => {
      const bytes = cells.map((cell) => (cell === null ? null : Buffer.from(cell as string)));
      return create(RowSchema, {
        lengths: bytes.map((each) => BigInt(each?.length ?? -1)),
        values: Buffer.concat(bytes.map((each) => each ?? Buffer.alloc(0))),
      });
    }),
  };
}

let tablet: FakeTablet;
let reader: TabletReader;
afterEach(() => {
  reader.close();
  tablet.close();
});

/** A tablet that answers each query as `reply` says. */
async function answering(reply: (sql: string) => ReturnType<typeof resultOf> | "too large"): Promise<void> {
  reader = createTabletReader(OPTIONS, realClock);
  tablet = await fakeTablet([
    serves(executeFetchAsDba, (request) => {
      const result = reply(new TextDecoder().decode(request.query));
      return result === "too large"
        ? refuse(
            status.RESOURCE_EXHAUSTED,
            "grpc: trying to send message larger than max (18876203 vs. 16777216)",
          )
        : answer({ result });
    }),
    serves(getSchema, () =>
      answer({
        schemaDefinition: {
          tableDefinitions: [
            {
              name: "order",
              type: "BASE TABLE",
              schema: "CREATE TABLE `order` (id bigint)",
              dataLength: 16384n,
              rowCount: 7n,
            },
            { name: "vw", type: "VIEW", schema: "CREATE VIEW {{.DatabaseName}}.`vw` AS select 1" },
          ],
        },
      }),
    ),
  ]);
}

const journals = async (
  columns: readonly string[],
  row: readonly Cell[],
): Promise<SidecarRow | undefined> => {
  await answering(() => resultOf(columns, [row]));
  const outcome = await reader.rows(tablet.at, "journals");
  return outcome.kind === "answered" ? outcome.value[0] : undefined;
};

describe("rows of the sidecar database", () => {
  it("tells NULL from the empty text, and keeps numbers beyond 2^53", async () => {
    const row = await journals(["a", "b", "c"], [null, "", "9223372036854775807"]);
    expect(row).toEqual({ a: null, b: "", c: "9223372036854775807" });
  });

  it("keeps bytes that are no UTF-8", async () => {
    expect(await journals(["val"], [Uint8Array.of(0xff, 0x00)])).toEqual({ val: "base64:/wA=" });
  });

  it("expands a compressed position, and no other column", async () => {
    const position = `MySQL56/${"4e12184c-e856-11f1-9247-02fc00000001:1-29,".repeat(50)}`;
    const length = Buffer.alloc(4);
    length.writeUInt32LE(position.length);
    const compressed = Buffer.concat([length, deflateSync(position)]);
    const row = await journals(["pos", "stop_pos", "val"], [compressed, compressed, compressed]);
    expect(row).toEqual({
      pos: position,
      stop_pos: position,
      val: `base64:${compressed.toString("base64")}`,
    });
  });

  it("takes a position for compressed only if it inflates to the stated length", async () => {
    const wrong = Buffer.concat([Buffer.of(9, 0, 0, 0), deflateSync("MySQL56/")]);
    expect(await journals(["pos"], [wrong])).toEqual({ pos: `base64:${wrong.toString("base64")}` });
  });

  it("gives back whatever texts vttablet packs", async () => {
    let sent: readonly Cell[] = [];
    const column = (index: number) => `v${index}`;
    await answering(() => resultOf([...sent.keys()].map(column), [sent]));
    const cells = fc.array(fc.option(fc.string({ unit: "binary" })), { minLength: 1, maxLength: 5 });
    await fc.assert(
      fc.asyncProperty(cells, async (row) => {
        sent = row;
        const expected = Object.fromEntries(row.map((cell, index) => [column(index), cell]));
        expect(await reader.rows(tablet.at, "vdiffs")).toEqual({ kind: "answered", value: [expected] });
      }),
      { numRuns: 50 },
    );
  });

  it("asks nothing but the constants", async () => {
    const asked: string[] = [];
    await answering((sql) => {
      asked.push(sql);
      return resultOf([], []);
    });
    for (const read of ["streams", "copyState", "holds", "position"] as const)
      await reader.rows(tablet.at, read);
    expect(asked).toEqual([
      SIDECAR_READS.streams,
      SIDECAR_READS.copyState,
      SIDECAR_READS.holds,
      SIDECAR_READS.position,
    ]);
  });
});

describe("streams that are too much for one message", () => {
  /** A tablet whose message holds at most `atOnce` of the streams 1..count. */
  async function holding(ids: readonly number[], atOnce: number): Promise<void> {
    await answering((sql) => {
      const range = /between (\d+) and (\d+)/.exec(sql);
      const chosen = ids.filter((id) => range === null || (id >= Number(range[1]) && id <= Number(range[2])));
      if (/ \*\/ id from /.test(sql))
        return resultOf(
          ["id"],
          chosen.map((id) => [String(id)]),
        );
      return chosen.length > atOnce
        ? "too large"
        : resultOf(
            ["id"],
            chosen.map((id) => [String(id)]),
          );
    });
  }

  it.each([
    [[1, 2, 3, 7, 9, 12, 40], 3],
    [[1, 2], 1],
    [[5, 6, 7], 5],
  ])("are read in parts: %j, %i at once", async (ids, atOnce) => {
    await holding(ids, atOnce);
    const outcome = await reader.rows(tablet.at, "streams");
    expect(outcome).toEqual({ kind: "answered", value: ids.map((id) => ({ id: String(id) })) });
  });

  it("stay unanswered where one alone is too large", async () => {
    await holding([1, 2, 3], 0);
    expect(await reader.rows(tablet.at, "streams")).toMatchObject({ kind: "unanswered", reason: "failed" });
  });
});

describe("the schema", () => {
  const tables = (...names: readonly (readonly [string, string])[]) =>
    resultOf(["table_schema", "table_name"], names);

  it("names the database that holds just these tables, and fills it into views", async () => {
    await answering(() =>
      tables(
        ["vt_customer", "order"],
        ["vt_customer", "vw"],
        ["vtdoctor_hold_r1", "order"],
        ["_vt", "vreplication"],
      ),
    );
    expect(await reader.schema(tablet.at)).toEqual({
      kind: "answered",
      value: [
        {
          database: "vt_customer",
          name: "order",
          type: "BASE TABLE",
          definition: "CREATE TABLE `order` (id bigint)",
          dataLength: 16384,
          rowCount: 7,
        },
        {
          database: "vt_customer",
          name: "vw",
          type: "VIEW",
          definition: "CREATE VIEW `vt_customer`.`vw` AS select 1",
          dataLength: 0,
          rowCount: 0,
        },
      ],
    });
  });

  it.each([
    [
      "the same tables",
      [
        ["a", "order"],
        ["a", "vw"],
      ],
      "a",
    ],
    [
      "its tables of before another was made",
      [
        ["a", "order"],
        ["a", "vw"],
        ["a", "new"],
      ],
      null,
    ],
  ])("takes no hold for the tablet's database, beside one of %s", async (_, own, name) => {
    await answering(() =>
      tables(...(own as [string, string][]), ["vtdoctor_hold_r1", "order"], ["vtdoctor_hold_r1", "vw"]),
    );
    const schema = await reader.schema(tablet.at);
    expect(schema.kind === "answered" ? schema.value[0]?.database : null).toBe(name);
  });

  it("does not guess between two databases of the same tables", async () => {
    await answering(() => tables(["a", "order"], ["a", "vw"], ["b", "order"], ["b", "vw"]));
    expect(await reader.schema(tablet.at)).toMatchObject({ kind: "unanswered" });
  });
});
