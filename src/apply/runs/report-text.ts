import { EXIT } from "../../cluster/errors.js";
import type { Plan } from "../../plan/plan.js";
import { describeStep, type Step } from "../../plan/steps/index.js";
import type { Looked } from "../stage-look.js";
import type { JournalRecord } from "./journal.js";

/** `report.txt`: what happened in a run, for a person and for an audit, from the plan and the journal alone. */
export function reportText(plan: Plan, records: readonly JournalRecord[]): string {
  const steps = new Map(plan.stages.flatMap((stage) => stage.steps).map((step) => [step.id, step] as const));
  const begun = new Set(records.flatMap((record) => (record.kind === "intent" ? [record.step] : [])));
  const open = [...steps.values()].filter(
    ({ id }) => !records.some((record) => record.kind === "result" && record.step === id),
  );
  return [
    `vtdoctor run ${plan.id}: ${plan.operation}${plan.run === undefined ? "" : ` of run ${plan.run}`}`,
    `planned  ${iso(plan.createdAt)} by: ${plan.command}`,
    `cluster  ${plan.cluster.globalServer} ${plan.cluster.globalRoot}${idsOf(plan)}`,
    ...(plan.repairs.length === 0 ? [] : [`repairs  ${plan.repairs.join("\n         ")}`]),
    "",
    ...records.flatMap((record) => lines(record, steps)),
    ...(open.length === 0
      ? []
      : ["", "Not done:", ...open.map(({ id }) => `  ${id}${begun.has(id) ? " (begun)" : ""}`)]),
    ...section(
      "Not possible, and why:",
      plan.blocked.map(({ reason, instead }) => `${reason}. Instead: ${instead}`),
    ),
    ...section("To remember:", plan.notes),
    "",
    "The folder: plan.json what was to be done, journal.jsonl what was done and when, before/ what was there before, report.json the end.",
    "",
  ].join("\n");
}

const iso = (ms: number): string => new Date(ms).toISOString();

const idsOf = ({ cluster }: Plan): string => {
  const ids = [...new Set(Object.values(cluster.clusterIds))];
  return ids.length === 0 ? "" : ` (etcd cluster ${ids.join(", ")})`;
};

const section = (title: string, items: readonly string[]): readonly string[] =>
  items.length === 0 ? [] : ["", title, ...items.map((item) => `  - ${item}`)];

function lines(record: JournalRecord, steps: ReadonlyMap<string, Step>): readonly string[] {
  const at = (text: string): string => `${record.at}  ${text}`;
  switch (record.kind) {
    case "started":
    case "resumed":
      return [at(`${record.kind} by ${record.userName}@${record.hostName}`)];
    case "locked":
      return [at(`${record.stage}: locked ${record.locks.map(({ name }) => name).join(", ")}`)];
    case "unlocked":
      return [at(`${record.stage}: unlocked`)];
    case "intent": {
      const step = steps.get(record.step);
      return [
        at(`${record.step}${step === undefined ? "" : `: ${describeStep(step).does}`}`),
        ...(record.before === null ? [] : [`${INDENT}before: ${record.before}`]),
        `${INDENT}way back: ${record.inverse.kind === "none" ? `none, ${record.inverse.because}` : record.inverse.kind}`,
      ];
    }
    case "result":
      return [at(`${record.outcome === "done" ? "done" : "was so already"}: ${record.said}`)];
    case "looked":
      return [
        at(
          `query paths ${record.stage === null ? "before the first stage" : `after "${record.stage}"`}: ${LOOKED[record.verdict]}`,
        ),
        ...record.said.map((path) => `${INDENT}${path}`),
        ...record.elsewhere.map((path) => `${INDENT}not by this run: ${path}`),
      ];
    case "stopped":
      return [at(`STOPPED: ${record.because}`)];
    case "finished":
      return [at("finished: every step reached its end state")];
    case "verified":
      return [
        at(`looked at again: exit ${EXIT[record.exit]} (${record.exit})`),
        ...record.reasons.map((reason) => `${INDENT}${reason}`),
      ];
  }
}

const LOOKED: Readonly<Record<Looked["verdict"], string>> = {
  well: "what was served is served",
  worse: "worse than before",
  unseen: "not seen",
};

const INDENT = " ".repeat(26);
