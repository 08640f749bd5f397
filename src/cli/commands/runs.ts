import { reportText } from "../../apply/runs/report-text.js";
import { summaryOf } from "../../apply/runs/run-summary.js";
import { EXIT } from "../../cluster/errors.js";
import { envelope } from "../../findings/envelope.js";
import { renderRuns } from "../../report/runs.js";
import type { Run } from "../command.js";
import { asJson, emit, emitJson, styleOf } from "../output.js";
import { ownerOf } from "../owner.js";
import { runNamed, runsOf, runsPlace } from "../run-dir.js";

/** Lists the runs of every cluster, or those in `--run-dir`, or tells one. Reads the folders only, no cluster. */
export const run: Run = async (request) => {
  const { given, context } = request;
  const list = runsOf(request);
  const json = asJson(request);
  const wanted = given.text("run");
  if (wanted !== undefined && !json) {
    const { plan, records } = runNamed(request, list, wanted);
    emit(request, reportText(plan, records));
    return EXIT.ok;
  }
  const picked = wanted === undefined ? list.runs : [runNamed(request, list, wanted)];
  const runs = picked.map((one) => summaryOf(list, one, ownerOf(request)));
  const damaged = wanted === undefined ? list.damaged : [];
  if (json) {
    emitJson(request, {
      ...envelope(context.version, "ok", []),
      runDir: runsPlace(request),
      runs,
      damaged,
    });
  } else emit(request, renderRuns(runs, damaged, runsPlace(request), styleOf(request)));
  return EXIT.ok;
};
