import { distinct } from "../../cluster/distinct.js";
import type { Finding } from "../../findings/finding.js";
import { type DraftStep, gone } from "../draft.js";
import { cells, keyspaceLocks } from "../facts/topology.js";
import { unknownStreams } from "../guards/moved-traffic.js";
import { stillServing } from "../guards/ruled-routes.js";
import { moreThanRules } from "../guards/rules-in-force.js";
import { repair } from "../repair.js";
import { ledAway, WITHOUT } from "../serving/needless-rules.js";
import { rebuildPremises } from "../serving/rebuild.js";

interface OrphanRules {
  /** Of vtdoctor, which found them. */
  readonly rule: string;
  readonly object: Finding["object"];
  readonly keyspaces: readonly string[];
  readonly steps: readonly DraftStep[];
}

/** Rules that no workflow needs any more. A route that they made is taken away only where it is foreseen to harm nobody. */
export const orphanRules = repair<OrphanRules>({
  name: "orphan-rules",
  runs: "records",
  asks: true,
  of: (snapshot, [{ rule, object }]) => {
    const steps = WITHOUT[rule]?.(snapshot, object) ?? [];
    const keyspaces = distinct(
      [object.keyspace, object.from, object.to, object.other].flatMap((name) => name ?? []),
    );
    return steps.length === 0
      ? gone("these rules are gone, or lead elsewhere by now")
      : { rule, object, keyspaces, steps };
  },
  unless: [unknownStreams, stillServing, moreThanRules],
  plan: (snapshot, { rule, object, keyspaces, steps }) => ({
    title: `Take the rules away that no workflow between ${keyspaces.join(" and ")} needs`,
    locks: keyspaceLocks(snapshot, keyspaces),
    steps: [...steps, { kind: "srvvschema.rebuild", cells: cells(snapshot).map(({ cell }) => cell) }],
    restsOn: rebuildPremises(snapshot, cells(snapshot)),
    notes: rule === "routing-rules-orphan" ? ledAway(snapshot, object) : [],
  }),
});
