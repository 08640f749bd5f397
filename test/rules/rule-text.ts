import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadRules } from "../../src/rulefiles/load.js";
import type { Rule } from "../../src/rules/rule.js";

/** A small valid rule about Shard records; a test changes one line of it. */
export const RULE = `id: shard-named-x
title: A shard is named x
drifts: []
severity: warning
because: nobody can guess its key range
needs: [topology]
query: |
  SELECT keyspace, shard, revision, key FROM shard WHERE shard = 'x' ORDER BY keyspace
object: { keyspace: keyspace, shard: shard }
locator: "{keyspace}/{shard}"
symptom: "{keyspace} has a shard named x"
evidence:
  - fact: the record exists
    source: "{key}"
    at: "{revision}"
    query: SELECT * FROM shard WHERE keyspace = {keyspace}
impact: none
cause: somebody named it so
repair: { class: manual, command: "vtdoctor explain {id}" }
messages: []
examples:
  sick:
    - { name: one, rows: { shard: [{ keyspace: a, shard: x }] }, finds: [shard-named-x@a/x] }
  healthy:
    - { name: another, rows: { shard: [{ keyspace: a, shard: y }] } }
`;

/** A folder of rules as an operator would give with --rules: file name -> text. */
export const folderOf = (files: Readonly<Record<string, string>>): string => {
  const folder = mkdtempSync(join(tmpdir(), "vtdoctor-rules-"));
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(join(folder, "own"), { recursive: true });
    writeFileSync(join(folder, "own", name), text);
  }
  return folder;
};

export const rulesOf = (...texts: readonly string[]): readonly Rule[] =>
  loadRules([
    folderOf(Object.fromEntries(texts.map((text) => [`${/^id: (.+)$/m.exec(text)?.[1]}.yaml`, text]))),
  ]);
