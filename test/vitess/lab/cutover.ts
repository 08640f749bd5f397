import { GLOBAL_ETCD, type Lab, type Ran, until } from "./lab.js";

const NAME = ["--workflow", "c2", "--target-keyspace", "customer"];
const JOURNALS = "select count(*) from _vt.resharding_journal";

/** A switch of the writes of customer.c2, held where it has stopped them and is to write its journal, until it is let through. */
export async function heldAtItsJournal(
  lab: Lab,
): Promise<{ through(): Promise<void>; switched: Promise<Ran> }> {
  const holder = lab
    .sql(100, "lock tables _vt.resharding_journal read; do sleep(300)", "", 300_000)
    .catch(() => "");
  const waiting = (info: string) => async () =>
    (await lab.sql(
      100,
      `select count(*) from information_schema.processlist where info like '${info}' and id <> connection_id()`,
    )) !== "0";
  await until("the lock on the journal", 20_000, waiting("do sleep(300)%"));
  const switched = lab.tryCtl(
    ...["Reshard", ...NAME, "switchtraffic", "--tablet-types", "primary", "--timeout", "60s"],
  );
  await until(
    "the cutover to wait for its journal",
    60_000,
    waiting("insert into \\_vt.resharding\\_journal%"),
  );
  const through = async () => {
    const blocker =
      "select id from information_schema.processlist where info like 'do sleep(300)%' and id <> connection_id()";
    await lab.sql(100, `kill ${await lab.sql(100, blocker)}`);
    await holder;
  };
  return { through, switched };
}

/** A switch that died right after its journal: target 300 is frozen when the journal is written, and vtctld is killed then. */
export async function deadAfterJournal(
  lab: Lab,
  meanwhile: () => Promise<void> = async () => {},
): Promise<void> {
  const { through, switched } = await heldAtItsJournal(lab);
  await meanwhile();
  lab.signal("vttablet-300", "SIGSTOP");
  await through();
  await until("the journal", 20_000, async () => (await lab.sql(100, JOURNALS)) === "1");
  await lab.stop("vtctld", "SIGKILL");
  lab.signal("vttablet-300", "SIGCONT");
  await switched;
  await lab.startVtctld();
}

/** All locks: those of a vtctld that is dead would stay for up to a day. */
export async function revokeLocks(lab: Lab): Promise<void> {
  for (const key of (await lab.topologyKeys()).keys()) {
    const lease = /\/locks\/(\d+)$/.exec(key)?.[1];
    if (lease !== undefined) await lab.etcdctl(GLOBAL_ETCD, "lease", "revoke", BigInt(lease).toString(16));
  }
}
