#!/usr/bin/env node
var version = process.versions.node.split(".").map(Number);
var supported =
  (version[0] === 20 && version[1] >= 19) || (version[0] === 22 && version[1] >= 12) || version[0] > 22;
if (!supported) {
  console.error(`vtdoctor: Node ${process.versions.node} is too old; it needs ^20.19 or >=22.12.`);
  process.exit(7);
}
import("../dist/cli/main.js")
  .then((cli) => cli.main(process))
  .catch((error) => {
    console.error(`vtdoctor: can not load: ${error.message} (in a clone: npm ci && npm run build)`);
    process.exitCode = 7;
  });
