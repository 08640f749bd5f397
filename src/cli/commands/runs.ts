import { reportText } from "../../apply/runs/report-text.js";
import { findRun } from "../../apply/runs/run-list.js";
import { summaryOf } from "../../apply/runs/run-summary.js";
import { EXIT } from "../../cluster/errors.js";
import { envelope } from "../../findings/envelope.js";
import { renderRuns } from "../../report/runs.js";
import type { Run } from "../command.js";
import { asJson, emit, emitJson, styleOf } from "../output.js";
import { ownerOf, runsDirOf, runsOf } from "../run-dir.js";

/** Lists the runs of `--run-dir`, or tells one. Reads the folders only, no cluster. */
export const run: Run = async (request) => {
  const { given, context } = request;
  const list = runsOf(request);
  const json = asJson(request);
  const wanted = given.text("run");
  if (wanted !== undefined && !json) {
    const { plan, records } = findRun(list, runsDirOf(request), wanted);
    emit(request, reportText(plan, records));
    return EXIT.ok;
  }
  const picked = wanted === undefined ? list.runs : [findRun(list, runsDirOf(request), wanted)];
  const runs = picked.map((one) => summaryOf(list, one, ownerOf(request)));
  const damaged = wanted === undefined ? list.damaged : [];
  if (json) {
    emitJson(request, {
      ...envelope(context.version, "ok", []),
      runDir: runsDirOf(request),
      runs,
      damaged,
    });
  } else emit(request, renderRuns(runs, damaged, runsDirOf(request), styleOf(request)));
  return EXIT.ok;
};
