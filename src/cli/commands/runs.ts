import { shelvedRun } from "../../apply/run-shelf.js";
import { storyOf } from "../../apply/run-story.js";
import { summaryOf } from "../../apply/run-summary.js";
import { EXIT } from "../../cluster/errors.js";
import { envelope } from "../../findings/envelope.js";
import { renderRuns } from "../../report/runs.js";
import type { Run } from "../command.js";
import { emit, emitJson } from "../output.js";
import { ownerOf, runsDirOf } from "../run-dir.js";
import { shelfOf } from "../run-shelf.js";
import { styleOf } from "../style.js";

/** Lists the runs of `--run-dir`, or tells one. Reads the folders only, no cluster. */
export const run: Run = async (request) => {
  const { given, context } = request;
  const shelf = shelfOf(request);
  const json = given.text("format") === "json";
  const wanted = given.text("run");
  if (wanted !== undefined && !json) {
    const { plan, records } = shelvedRun(shelf, runsDirOf(request), wanted);
    emit(request, storyOf(plan, records));
    return EXIT.ok;
  }
  const picked = wanted === undefined ? shelf.runs : [shelvedRun(shelf, runsDirOf(request), wanted)];
  const runs = picked.map((one) => summaryOf(shelf, one, ownerOf(request)));
  const damaged = wanted === undefined ? shelf.damaged : [];
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
