import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { emptyFolder } from "./harness.js";

const BIN = resolve("bin/vtdoctor.js");

/** As Node answers where the UID has no passwd entry: `setpriv --reuid 12345`, `runAsUser: 10001`. */
const NAMELESS = `data:text/javascript,${encodeURIComponent(`
  import os from "node:os";
  import { syncBuiltinESMExports } from "node:module";
  os.userInfo = () => {
    throw Object.assign(new Error("A system error occurred: uv_os_get_passwd returned ENOENT"), { code: "ERR_SYSTEM_ERROR" });
  };
  syncBuiltinESMExports();
`)}`;

const node = (argv: readonly string[], env: NodeJS.ProcessEnv = {}, cwd = emptyFolder()) =>
  spawnSync(process.execPath, argv, {
    cwd,
    env: { PATH: process.env.PATH, XDG_STATE_HOME: cwd, ...env },
    encoding: "utf8",
  });

describe("the program starts", () => {
  it("under a UID that has no name", () => {
    const said = node(["--import", NAMELESS, BIN, "--version"]);
    expect([said.status, said.stderr, said.stdout]).toEqual([
      0,
      "",
      expect.stringMatching(/^\d+\.\d+\.\d+\n$/),
    ]);
  });

  it("and advises npm only where a file of it is missing", () => {
    const clone = emptyFolder();
    mkdirSync(join(clone, "bin"));
    cpSync(BIN, join(clone, "bin/vtdoctor.mjs"));
    const missing = node([join(clone, "bin/vtdoctor.mjs")]);
    expect([missing.status, missing.stderr]).toEqual([7, expect.stringContaining("npm ci && npm run build")]);
    mkdirSync(join(clone, "dist/cli"), { recursive: true });
    writeFileSync(join(clone, "package.json"), '{"type": "module"}');
    writeFileSync(join(clone, "dist/cli/main.js"), 'throw new Error("the disk is on fire");');
    const broken = node([join(clone, "bin/vtdoctor.mjs")]);
    expect([broken.status, broken.stderr]).toEqual([7, "vtdoctor: can not load: the disk is on fire\n"]);
  });
});
