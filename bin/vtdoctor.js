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
const cli = await import("../dist/cli/main.js").catch((error) => {
  const cure = error.code === "ERR_MODULE_NOT_FOUND" ? " (in a clone: npm ci && npm run build)" : "";
  console.error(`vtdoctor: can not load: ${error.message}${cure}`);
  process.exit(7);
});
await cli.main(process);
