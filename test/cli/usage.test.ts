import { chmodSync, chownSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { emptyFolder, vtdoctor } from "./harness.js";

const SERVER = ["--topo-global-server-address", "127.0.0.1:1"];

/** Exit 2 and one sentence that has all of `parts`. */
async function refused(
  argv: readonly string[],
  parts: readonly string[],
  cwd = emptyFolder(),
  env: NodeJS.ProcessEnv = {},
) {
  const said = await vtdoctor(argv, { cwd, env });
  expect(said.err).toMatch(/^vtdoctor: .*\n$/);
  for (const part of parts) expect(said.err).toContain(part);
  expect(said.out).toBe("");
  expect(said.code).toBe(2);
}

describe("bad input is one sentence that names the flag, file or key, and exit 2", () => {
  it("commands and flags", async () => {
    await refused(["--quiet"], ["command is missing", "scan"]);
    await refused(["cancel"], ["cancel: WORKFLOW is missing", "vtdoctor cancel WORKFLOW"]);
    await refused(["explain", ...SERVER], ["explain: FINDING is missing"]);
    await refused(["scan", ...SERVER, "--format"], ["--format: needs a value, one of human, json, nagios"]);
    await refused(["scan", "--output", "--quiet", ...SERVER], ["--output: needs a value"]);
    await refused(["scan", ...SERVER, "--dry-run=yes"], ["--dry-run: is no flag of scan"]);
    for (const flag of ["--dry-run", "-n"])
      await refused(["fix", ...SERVER, "--all", `${flag}=yes`], [`${flag}: takes no value`, '"yes"']);
    await refused(["scan", ...SERVER, "-x"], ["-x: is no flag of scan"]);
    await refused(["help", "scna"], ["scna", 'Did you mean "scan"']);
    await refused(["scna"], ["scna", 'Did you mean "scan"']);
    await refused(
      ["scan", "--topo-global-rot", "/x"],
      ["--topo-global-rot", 'Did you mean "topo-global-root"'],
    );
    await refused(["scan", "extra"], ["extra", "too many"]);
    await refused(["scan"], ["--topo-global-server-address", "is missing"]);
    await refused(["scan", ...SERVER, "--format", "jsn"], ["--format", '"jsn"', 'Did you mean "json"']);
    await refused(["scan", ...SERVER, "--timeout", "fast"], ["--timeout", '"fast"', "30s"]);
    await refused(["scan", ...SERVER, "--concurrency", "0"], ["--concurrency", "at least 1"]);
    await refused(
      ["scan", ...SERVER, "--rule", "topo-lock-stal"],
      ["--rule", 'Did you mean "topo-lock-stale"'],
    );
    await refused(["cancel", "customer"], ["KEYSPACE.WORKFLOW"]);
    await refused(["fix", ...SERVER], ["--all"]);
    await refused(["fix", ...SERVER, "--all", "x@y"], ["--all", "contradict"]);
    await refused(["fix", ...SERVER, "--all", "--out", "p.json"], ["--out", "--dry-run"]);
    await refused(["fix", ...SERVER, "--all", "--watch-return", "9s"], ["--watch-return", "10s or more"]);
    await refused(["rules", "lst"], ["lst", 'Did you mean "list"']);
    await refused(["explain", "topo-lock-stal", ...SERVER], ['Did you mean "topo-lock-stale"']);
  });

  it("files", async () => {
    const folder = emptyFolder();
    const path = (name: string, text: string) => {
      writeFileSync(join(folder, name), text);
      return join(folder, name);
    };
    const missing = join(folder, "missing");
    await refused(["scan", "--snapshot", missing], ["missing"]);
    await refused(
      ["scan", "--snapshot", path("s.sqlite", "no database at all, but long enough to be looked at")],
      ["s.sqlite"],
    );
    await refused(["scan", ...SERVER, "--inventory", missing], ["--inventory", "missing"]);
    await refused(
      ["scan", ...SERVER, "--inventory", path("i.yaml", "tablets: [{host: a, grcp: 1}]")],
      ["i.yaml", "grcp", 'Did you mean "grpc"'],
    );
    await refused(
      ["scan", ...SERVER, "--mysql-user", "u", "--mysql-password-file", missing],
      ["--mysql-password-file", "missing"],
    );
    await refused(
      ["scan", ...SERVER, "--topo-etcd-tls-cert", path("c.pem", "x")],
      ["--topo-etcd-tls-key", "is missing"],
    );
    await refused(
      ["scan", ...SERVER, "--grpc-auth-static-client-creds", path("creds", "{}")],
      ["--grpc-auth-static-client-creds", "Username"],
    );
    await refused(["scan", ...SERVER, "--config", missing], ["--config", "missing"]);
    await refused(["fix", ...SERVER, "--plan", missing, "--yes"], ["missing"]);
    await refused(["fix", ...SERVER, "--plan", path("plan.json", "{}"), "--yes"], ["plan.json"]);
    await refused(["resume", "nothing", ...SERVER, "--run-dir", folder], ["nothing", folder]);
    const rules = join(folder, "rules", "mine");
    mkdirSync(rules, { recursive: true });
    writeFileSync(join(rules, "mine.yaml"), "id: mine\nseverty: info\n");
    await refused(["scan", ...SERVER, "--rules", join(folder, "rules")], ["mine.yaml:1", "title"]);
  });

  it("a config file that is not the operator's own, unless she names it", async () => {
    const folder = emptyFolder();
    const below = join(folder, "below");
    mkdirSync(below);
    const config = join(folder, "vtdoctor.yaml");
    writeFileSync(config, "topo-global-root: /x\nhooks.stopTablet: steal {alias}\n");
    chmodSync(config, 0o666);
    await refused(["scan", ...SERVER], [config, "every user", `--config ${config}`], below);
    // It is used: nobody answers where it leads to.
    expect((await vtdoctor(["scan", ...SERVER, "--config", config], { cwd: below })).code).toBe(3);
    chmodSync(config, 0o644);
    expect((await vtdoctor(["scan", ...SERVER], { cwd: below })).code).toBe(3);
    if (process.getuid?.() !== 0) return;
    chownSync(config, 12345, 12345);
    await refused(["scan", ...SERVER], [config, "uid 12345"], below);
  });

  it("the config file and the environment", async () => {
    const folder = emptyFolder();
    const config = (text: string) => writeFileSync(join(folder, "vtdoctor.yaml"), text);
    config("topo-global-rot: /x\n");
    await refused(
      ["scan", ...SERVER],
      ["vtdoctor.yaml", "topo-global-rot", 'Did you mean "topo-global-root"'],
      folder,
    );
    config("format: xml\n");
    await refused(["scan", ...SERVER], ["vtdoctor.yaml", '"format"', "human, json, nagios"], folder);
    config("a: [\n");
    await refused(["scan", ...SERVER], ["vtdoctor.yaml:", "YAML"], folder);
    config("suppressions:\n  - {finding: x, reason: y}\n");
    await refused(["scan", ...SERVER], ["suppressions[0]", "until"], folder);
    config("purge: true\n");
    await refused(["scan", ...SERVER], ["vtdoctor.yaml", '"purge"', "can only be typed"], folder);
    config("");
    await refused(["scan", ...SERVER], ["VTDOCTOR_YES", "can only be typed"], folder, { VTDOCTOR_YES: "1" });
    await refused(["scan", ...SERVER], ["VTDOCTOR_CONCURRENCY", '"many"'], folder, {
      VTDOCTOR_CONCURRENCY: "many",
    });
  });

  it("in the format that was asked for", async () => {
    const json = await vtdoctor(["scan", "--format", "json"]);
    expect(JSON.parse(json.out)).toMatchObject({ exit: { code: 2, name: "usage" } });
    const nagios = await vtdoctor(["scan", "--format=nagios"]);
    expect([nagios.code, nagios.out]).toEqual([3, expect.stringMatching(/^VTDOCTOR UNKNOWN: .*\n$/)]);
    for (const short of [["-f", "json"], ["-f=json"], ["-fjson"]]) {
      const said = await vtdoctor(["scan", ...short]);
      expect(JSON.parse(said.out)).toMatchObject({ exit: { code: 2, name: "usage" } });
    }
    const file = join(emptyFolder(), "out.json");
    await vtdoctor(["scan", "-f", "json", "-o", file]);
    expect(JSON.parse(readFileSync(file, "utf8"))).toMatchObject({ exit: { code: 2 } });
  });

  it("flags take v19's underscores, and win over the environment, which wins over the file", async () => {
    const cwd = emptyFolder();
    writeFileSync(join(cwd, "vtdoctor.yaml"), "timeout: from-file\n");
    const said = async (argv: string[], env: NodeJS.ProcessEnv) => (await vtdoctor(argv, { cwd, env })).err;
    expect(await said(["scan", "--topo_global_server_address", "127.0.0.1:1"], {})).toContain("from-file");
    expect(await said(["scan", ...SERVER], { VTDOCTOR_TIMEOUT: "from-env" })).toContain("from-env");
    expect(
      await said(["scan", ...SERVER, "--timeout=from-flag"], { VTDOCTOR_TIMEOUT: "from-env" }),
    ).toContain("from-flag");
  });
});
