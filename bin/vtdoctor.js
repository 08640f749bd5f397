#!/usr/bin/env node
import module from "node:module";

const [major, minor] = process.versions.node.split(".").map(Number);
const supported = (major === 20 && minor >= 19) || (major === 22 && minor >= 12) || major > 22;
if (!supported) {
  console.error(`vtdoctor: Node ${process.versions.node} is too old; it needs ^20.19 or >=22.12.`);
  process.exit(7);
}
// Node 22 and later keep compiled code between starts.
module.enableCompileCache?.();
import("../dist/cli/main.js")
  .then((cli) => cli.main(process))
  .catch((error) => {
    console.error(`vtdoctor: can not load: ${error.message} (in a clone: npm ci && npm run build)`);
    process.exitCode = 7;
  });
