import { create } from "@bufbuild/protobuf";
import { expect } from "vitest";
import { formatAlias } from "../../../src/cluster/alias.js";
import { type Tablet, TabletAliasSchema, TabletType } from "../../../src/proto/gen/topodata_pb.js";
import { TimeSchema } from "../../../src/proto/gen/vttime_pb.js";
import {
  decodeKeyspace,
  decodeShard,
  decodeTablet,
  encodeKeyspace,
  encodeShard,
  encodeTablet,
} from "../../../src/topology/records.js";
import type { Doctor } from "./doctor.js";
import { rewritten } from "./kept.js";
import type { Lab } from "./lab.js";
import { finding, gone, runAdvised, textOf } from "./printed.js";
import { running } from "./reshard.js";
import type { Wire } from "./wire.js";

/** shop/0 with the primary 100, which reaches the global topology by a wire of its own, 101 and 102; split/-80 (200) and split/80- (300). */
export interface Replicated {
  readonly lab: Lab;
  readonly doctor: Doctor;
  readonly wire: Wire;
}

type Scene = (name: string, play: (given: Replicated) => Promise<unknown>) => void;

const alias = (uid: number): string => formatAlias({ cell: "zone1", uid });
const SOURCE =
  "source_host='127.0.0.1', source_user='vt_repl', get_source_public_key=1, source_auto_position=1";
/** 2020-01-01: the term of a primary that was one long ago. */
const LONG_AGO = create(TimeSchema, { seconds: 1577836800n });

const HASHED = { column_vindexes: [{ column: "id", name: "hash" }] };
const SPLIT = { sharded: true, vindexes: { hash: { type: "hash" } }, tables: { item: HASHED, sale: HASHED } };

/** Of primaries, and what the records say of them. */
export function primaryScenes(scene: Scene): void {
  scene(
    "a keyspace without a durability policy, or with one that Vitess does not know",
    async ({ lab, doctor }) => {
      for (const policy of ["", "semisync"]) {
        await named(lab, policy);
        const said = await finding(doctor, "durability-policy-missing@shop");
        await runAdvised(doctor, said, "vtctldclient SetKeyspaceDurabilityPolicy");
      }
    },
  );

  scene("a maintenance that was not ended: VTOrc may make no emergency reparent", async ({ lab, doctor }) => {
    await lab.ctl("SetVtorcEmergencyReparent", "--disable", "shop");
    await lab.ctl("SetVtorcEmergencyReparent", "--disable", "--", "split", "-80");
    for (const place of ["shop", "split/-80"]) {
      const said = await finding(doctor, `emergency-reparent-disabled-left@${place}`);
      await runAdvised(doctor, said, "vtctldclient SetVtorcEmergencyReparent --enable");
    }
  });

  scene("a primary whose MySQL is read-only", async ({ lab, doctor }) => {
    await lab.sql(100, "set global super_read_only = 1");
    const said = await finding(doctor, `primary-read-only@${alias(100)}`);
    await runAdvised(doctor, said, "vtctldclient SetWritable");
    await lab.sql(100, "insert into item values (1)", "vt_shop");
  });

  scene("a primary that replicates from a server outside", async ({ lab, doctor }) => {
    await lab.sql(100, `change replication source to ${SOURCE}, source_port=27200`);
    const said = await finding(doctor, `primary-has-source@${alias(100)}`);
    const status = await runAdvised(doctor, said, "vtctldclient GetFullStatus");
    expect(status.stdout).toContain("27200");
    const ends = /`(STOP REPLICA[^`]*)`/.exec(textOf(said))?.[1] ?? "nothing printed";
    await lab.sql(100, ends);
  });

  scene(
    "a replica that is recorded as PRIMARY, too, and whose MySQL takes no writes",
    async ({ lab, doctor }) => {
      await recorded(lab, 101, LONG_AGO);
      const said = await finding(doctor, "shard-two-primary-records@shop/0");
      expect([said.severity, textOf(said)]).toEqual(["warning", expect.stringContaining("restart it")]);
      await lab.stop("vttablet-101");
      await lab.startVttablet(101);
    },
  );
}

/** Of replicas, semi-sync and the streams of a workflow. */
export function replicaScenes(scene: Scene): void {
  scene("streams of a workflow that copy different tables", async ({ lab, doctor }) => {
    const name = ["--workflow", "moved", "--target-keyspace", "split"];
    const from = ["--source-keyspace", "shop", "--tables", "item,sale", "--tablet-types", "primary"];
    await lab.ctl("ApplyVSchema", "--vschema", JSON.stringify(SPLIT), "split");
    await lab.ctl("MoveTables", ...name, "create", ...from);
    await running(lab, [200, 300], "moved");
    await lab.sql(
      200,
      "update _vt.vreplication set source = regexp_replace(convert(source using utf8mb4), ' *rules:\\\\{match:\"sale\"[^}]*\\\\}', '')",
    );
    const said = await finding(doctor, "workflow-partial-across-shards@split.moved");
    const deleted = ["Workflow", "--keyspace", "split", "delete", "--workflow", "moved", "--keep-data"];
    for (const command of [
      ["MoveTables", ...name, "switchtraffic"],
      ["MoveTables", ...name, "cancel"],
      deleted,
    ])
      expect((await lab.tryCtl(...command)).stderr).toContain("table lists are mismatched across streams");
    for (const uid of [200, 300]) {
      await runAdvised(doctor, said, "vtctldclient LegacyVtctlCommand", {
        values: { "<alias>": alias(uid) },
      });
      await lab.sql(uid, "drop table item, sale", "vt_split");
    }
    await lab.ctl("MoveTables", ...name, "create", ...from);
    await running(lab, [200, 300], "moved");
  });

  scene("a replica whose replication was stopped, or does not reach its source", async ({ lab, doctor }) => {
    await lab.sql(101, "stop replica");
    const stopped = await finding(doctor, `replication-stopped@${alias(101)}`);
    await runAdvised(doctor, stopped, "vtctldclient StartReplication");
    await gone(doctor, stopped.id);
    await lab.sql(101, "stop replica; change replication source to source_port=27999; start replica");
    const far = await finding(doctor, `replication-stopped@${alias(101)}`);
    expect(far.symptom).toContain("does not reach its source 127.0.0.1:27999");
    await runAdvised(doctor, far, "vtctldclient GetFullStatus");
    await runAdvised(doctor, far, "vtctldclient ReparentTablet");
  });

  scene("replicas that replicate from another replica, and from nobody", async ({ lab, doctor }) => {
    await lab.sql(101, "stop replica; change replication source to source_port=27102; start replica");
    await lab.sql(102, "stop replica; reset replica all");
    const beside = await finding(doctor, `replica-wrong-source@${alias(101)}`);
    const lonely = await finding(doctor, `replica-wrong-source@${alias(102)}`);
    expect([beside.severity, lonely.severity]).toEqual(["critical", "critical"]);
    for (const said of [beside, lonely]) await runAdvised(doctor, said, "vtctldclient ReparentTablet");
  });

  scene("semi-sync that is not set as the durability policy asks", async ({ lab, doctor }) => {
    await lab.ctl("SetKeyspaceDurabilityPolicy", "--durability-policy=semi_sync", "shop");
    const said = await finding(doctor, "semi-sync-mismatch@shop/0");
    for (const uid of [101, 102])
      await runAdvised(doctor, said, "vtctldclient ReparentTablet", { values: { "<alias>": alias(uid) } });
    await runAdvised(doctor, said, "vtctldclient PlannedReparentShard");
    await gone(doctor, said.id);
    await lab.ctl("SetKeyspaceDurabilityPolicy", "--durability-policy=none", "shop");
    const waits = await finding(doctor, "semi-sync-mismatch@shop/0");
    await runAdvised(doctor, waits, "vtctldclient SetKeyspaceDurabilityPolicy");
  });

  scene("a replica that takes writes", async ({ lab, doctor }) => {
    await lab.sql(102, "set global super_read_only = 0; set global read_only = 0");
    const said = await finding(doctor, `replica-writable@${alias(102)}`);
    await runAdvised(doctor, said, "vtctldclient SetWritable");
  });
}

/** Of records that contradict the tablets. */
export function recordScenes(scene: Scene): void {
  scene("a primary by its records that says itself that it is a replica", async ({ lab, doctor }) => {
    await recorded(lab, 101, create(TimeSchema, { seconds: BigInt(Math.floor(Date.now() / 1000)) }));
    await namesPrimary(lab, 101, create(TimeSchema, { seconds: BigInt(Math.floor(Date.now() / 1000)) }));
    const said = await finding(doctor, `primary-self-type-mismatch@${alias(101)}`);
    await runAdvised(doctor, said, "vtctldclient PlannedReparentShard shop/0");
    await runAdvised(doctor, said, `vtctldclient PlannedReparentShard shop/0 --new-primary ${alias(101)}`);
  });

  scene(
    "a Shard record that names another primary, which that one can not correct",
    async ({ lab, doctor, wire }) => {
      await cutOff(wire, async () => {
        await namesPrimary(lab, 101);
        const said = await finding(doctor, "shard-primary-alias-mismatch@shop/0");
        expect(said.symptom).toContain(`names ${alias(101)} as its primary, and ${alias(100)} is PRIMARY`);
        const status = await runAdvised(doctor, said, "vtctldclient GetFullStatus");
        expect(status.stdout).toContain('"read_only": false');
        await runAdvised(doctor, said, "vtctldclient PlannedReparentShard", {
          values: { "<alias>": alias(102) },
          code: 1,
        });
      });
      await gone(doctor, "shard-two-primary-records");
      const apart = await finding(doctor, `replica-wrong-source@${alias(100)}`);
      await runAdvised(doctor, apart, "vtctldclient ReparentTablet");
    },
  );
}

/** Without the global topology for the vttablet of 100. */
async function cutOff<T>(wire: Wire, play: () => Promise<T>): Promise<T> {
  wire.cut();
  try {
    return await play();
  } finally {
    await wire.mend();
  }
}

const named = (lab: Lab, durabilityPolicy: string): Promise<void> =>
  rewritten(lab, "/vitess/global/keyspaces/shop/Keyspace", (bytes) => {
    const record = decodeKeyspace(bytes);
    if (record.kind === "unanswered") throw new Error(record.message);
    return encodeKeyspace({ ...record.value, durabilityPolicy });
  });

/** The Tablet record of a replica says that it is PRIMARY. */
const recorded = (lab: Lab, uid: number, since: Tablet["primaryTermStartTime"]): Promise<void> =>
  rewritten(lab, `/vitess/zone1/tablets/${alias(uid)}/Tablet`, (bytes) => {
    const record = decodeTablet(bytes);
    if (record.kind === "unanswered") throw new Error(record.message);
    return encodeTablet({ ...record.value, type: TabletType.PRIMARY, primaryTermStartTime: since });
  });

/** The Shard record names another primary, of the same term unless it is given. */
const namesPrimary = (lab: Lab, uid: number, since?: Tablet["primaryTermStartTime"]): Promise<void> =>
  rewritten(lab, "/vitess/global/keyspaces/shop/shards/0/Shard", (bytes) => {
    const record = decodeShard(bytes);
    if (record.kind === "unanswered") throw new Error(record.message);
    const primaryAlias = create(TabletAliasSchema, { cell: "zone1", uid });
    return encodeShard({
      ...record.value,
      primaryAlias,
      ...(since === undefined ? {} : { primaryTermStartTime: since }),
    });
  });
