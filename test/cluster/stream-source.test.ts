import { describe, expect, test } from "vitest";
import { parseStreamSource } from "../../src/cluster/stream-source.js";

const NOTHING = {
  keyspace: "",
  shard: "",
  externalMysql: "",
  externalCluster: "",
  onDdl: "IGNORE",
  stopAfterCopy: false,
  rules: [],
};

describe("sources as Vitess writes them (docs/vitess.md#stream-source)", () => {
  test.each([
    [
      'keyspace:"ks"  shard:"-40"  filter:{rules:{match:"ref"  filter:"exclude"}  rules:{match:"/.*"  filter:"-80"}}',
      {
        keyspace: "ks",
        shard: "-40",
        rules: [
          { match: "ref", filter: "exclude" },
          { match: "/.*", filter: "-80" },
        ],
      },
    ],
    [
      `keyspace:"ks" shard:"0" filter:{rules:{match:"t1" filter:"select * from t1 where in_keyrange(id, 'ks2.hash', '-80')"}}`,
      {
        keyspace: "ks",
        shard: "0",
        rules: [{ match: "t1", filter: "select * from t1 where in_keyrange(id, 'ks2.hash', '-80')" }],
      },
    ],
    [
      'keyspace:"s" shard:"0" filter:{rules:{match:"t1" filter:"select \\"a}b\\" from t1"}} on_ddl:EXEC stop_after_copy:true source_time_zone:"EDT" target_time_zone:"UTC"',
      {
        keyspace: "s",
        shard: "0",
        onDdl: "EXEC",
        stopAfterCopy: true,
        rules: [{ match: "t1", filter: 'select "a}b" from t1' }],
      },
    ],
    ['keyspace:"ks" shard:"0" key_range:{end:"\\x80"}', { keyspace: "ks", shard: "0" }],
    [
      'on_ddl:2 stop_after_copy:1 external_cluster:"ext"',
      { onDdl: "EXEC", stopAfterCopy: true, externalCluster: "ext" },
    ],
    ['keyspace:"ks" shard:"0" from_the_future:{a:1} 99:"x"', { keyspace: "ks", shard: "0" }],
    ["", {}],
  ])("%s", (text, expected) => {
    expect(parseStreamSource(text)).toEqual({ kind: "answered", value: { ...NOTHING, ...expected } });
  });
});

describe("sources that vttablet could not read either", () => {
  test.each([
    ['keyspace:"a" keyspace:"b"', "non-repeated field 'keyspace' is repeated"],
    ["filter:{} filter:{}", "non-repeated field 'filter' is repeated"],
    ['filter:{rules:{match:"a" match:"b"}}', "non-repeated field 'match' is repeated"],
    ["keyspace:7", "field 'keyspace' has a value of another type"],
    ['keyspace:"\\xff"', "field 'keyspace' has a value of another type"],
    ["stop_after_copy:maybe", "field 'stop_after_copy' has a value of another type"],
    ['filter:"rules"', "field 'filter' has a value of another type"],
    ['keyspace "ks"', `expected ':' at character 9, found '"ks"'`],
  ])("%s", (text, message) => {
    expect(parseStreamSource(text)).toEqual({ kind: "unanswered", reason: "failed", message });
  });
});
