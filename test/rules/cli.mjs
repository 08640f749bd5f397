// `npm run rules:test [-- RULE]`: `vtdoctor rules test` with the recorded clusters of this repository, which the package does not have.
// `npm run rules:test -- --conjuncts RULE`: the conditions of its query that no example needs.
import { copyFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const root = join(import.meta.dirname, "../..");
const built = (file) => import(join(root, "dist.rules/test", file));

const at = process.argv.indexOf("--conjuncts");
if (at === -1) {
  const { main } = await import(join(root, "dist/cli/main.js"));
  const { recordedFacts } = await built("sim/recorded-facts.js");
  await main(process, (rules) => recordedFacts(rules, join(root, "fixtures/recordings")));
} else {
  const { loadRules, pickRules, SHIPPED_RULES } = await import(join(root, "dist/rulefiles/load.js"));
  const { undetectedConjuncts } = await built("rules/conjuncts.js");
  const { factsOfRecording } = await built("snapshot/facts-of-recording.js");
  // What tsc leaves behind: the tables, which lie beside the module that reads them.
  copyFileSync(join(root, "src/snapshot/schema.sql"), join(root, "dist.rules/src/snapshot/schema.sql"));
  const recordings = pathToFileURL(join(root, "fixtures/recordings/"));
  const rules = loadRules([SHIPPED_RULES]);
  for (const rule of pickRules(rules, process.argv.slice(at + 1))) {
    const undetected = undetectedConjuncts(rule, rules, (name) => factsOfRecording(name, recordings));
    console.log(`${rule.id}: ${undetected.length} not needed by any example`);
    for (const text of undetected) console.log(`  ${text}`);
  }
}
