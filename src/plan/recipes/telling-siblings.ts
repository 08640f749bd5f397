import { joinDrafts } from "../draft.js";
import { silentSiblings } from "./orphan/silent-siblings.js";
import { orphanTargets } from "./orphan-targets.js";
import type { Recipe } from "./recipe.js";

/** A repair of dropped shards, which also says what can not be done about those that went with them. */
export const tellingSiblings =
  (recipe: Recipe): Recipe =>
  (snapshot, findings, request) =>
    joinDrafts([
      recipe(snapshot, findings, request),
      silentSiblings(snapshot, request.orphans === "leave" ? [] : orphanTargets(snapshot, findings)),
    ]);
