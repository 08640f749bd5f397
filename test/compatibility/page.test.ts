import { existsSync, readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { parse } from "yaml";

interface Scene {
  readonly scene: string;
  readonly file: string;
  readonly title: string;
  readonly since?: string;
  readonly until?: string;
  readonly lacks?: string;
}

const here = (name: string): string => readFileSync(new URL(name, import.meta.url), "utf8");
const SCENES = parse(here("scenes.yaml")) as readonly Scene[];
const RESULTS = JSON.parse(here("results.json")) as Readonly<
  Record<string, Readonly<Record<string, string>>>
>;

/** The releases that `test/vitess/lab/install` builds. */
const VERSIONS = {
  "19": "19.0.10",
  "21": "21.0.3",
  "22": "22.0.4",
  "23": "23.0.3",
  "23-24": "23.0.3 and 24.0.4",
  "24": "24.0.4",
};
type Version = keyof typeof VERSIONS;
const ALL: readonly Version[] = ["19", "21", "22", "23", "23-24", "24"];

const has = ({ since = "19", until = "24" }: Scene, version: Version): boolean =>
  Number.parseInt(version, 10) >= Number(since) && Number.parseInt(version, 10) <= Number(until);

function cell(scene: Scene, version: Version): string {
  if (!has(scene, version)) return "does not come about";
  return RESULTS[scene.scene]?.[version] ?? "not played";
}

const page = (): string => `# Compatibility

Written by \`npm run golden\` from what the scenes came to on real clusters, played as \`VTDOCTOR_TEST_RESULTS=FOLDER npm run soak -- --lab\` plays them
(\`npm run compatibility -- FOLDER\` takes it over); CI plays 19 and 24. \`npm run lab:install -- all\` builds the versions, all on MySQL 9; vtgate is
24.0.4 in each. "23.0.3 and 24.0.4" is a cluster in the middle of an upgrade: vtctld and the sources' vttablets are 24, the targets' 23.

| scene | ${ALL.map((version) => VERSIONS[version]).join(" | ")} |
|---|${ALL.map(() => "---").join("|")}|
${SCENES.map((scene) => `| [${scene.scene}](../${scene.file}) | ${ALL.map((version) => cell(scene, version)).join(" | ")} |`).join("\n")}

What does not come about:

${SCENES.flatMap(({ scene, lacks }) => (lacks === undefined ? [] : [`- ${scene}: ${lacks}.`])).join("\n")}
`;

it("docs/compatibility.md is what the scenes came to", async () => {
  await expect(page()).toMatchFileSnapshot("../../docs/compatibility.md");
});

it.each(SCENES)("$file has $title", ({ file, title }) => {
  expect(existsSync(new URL(`../../${file}`, import.meta.url))).toBe(true);
  const parts = title
    .split("{version}")
    .flatMap((part) => part.split(", running").flatMap((one) => one.split(", copying")));
  for (const part of parts) expect(here(`../../${file}`)).toContain(part);
});

it.each(SCENES)("$scene: what a version lacks has its reason", ({ since, until, lacks }) => {
  expect(since === undefined && until === undefined).toBe(lacks === undefined);
});

it("no scene failed", () => {
  const failed = Object.entries(RESULTS).flatMap(([scene, results]) =>
    Object.entries(results).flatMap(([version, status]) =>
      status === "passed" ? [] : [`${scene} on ${version}`],
    ),
  );
  expect(failed).toEqual([]);
});
