// `npm run rules:test [-- RULE]`: `vtdoctor rules test` with the recorded clusters of this repository, which the package does not have.
import { join } from "node:path";

const root = join(import.meta.dirname, "../..");
const { main } = await import(join(root, "dist/cli/main.js"));
const { recordedFacts } = await import(join(root, "dist.rules/test/sim/recorded-facts.js"));
await main(process, (rules) => recordedFacts(rules, join(root, "fixtures/recordings")));
