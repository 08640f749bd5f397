import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { isAbsolute, join } from "node:path";
import { codeOf, isCode, UsageError } from "../cluster/errors.js";
import { contradiction } from "../plan/facts/cluster.js";
import type { ClusterMark, PlanCluster } from "../plan/plan.js";
import type { Context } from "./command.js";

/**
 * What a cluster's folder in the state folder says of it (docs/decisions.md#d27). Its address does not count: clusters come and go behind
 * one. etcd's cluster id does not suffice, for clusters that were configured alike share it.
 */
interface KnownCluster {
  readonly clusterId: string;
  readonly root: string;
  readonly marks: readonly ClusterMark[];
}

const ABOUT = "cluster.json";

/**
 * The folder of all clusters: `$XDG_STATE_HOME/vtdoctor`, else root's `/var/lib/vtdoctor` (Filesystem Hierarchy Standard 5.8), else
 * `~/.local/state/vtdoctor` (XDG Base Directory Specification, which also has a relative path ignored). Throws `UsageError` where the
 * environment names none.
 */
export function stateFolder({ env, isRoot }: Pick<Context, "env" | "isRoot">): string {
  const { XDG_STATE_HOME = "", HOME = "" } = env;
  if (isAbsolute(XDG_STATE_HOME)) return join(XDG_STATE_HOME, "vtdoctor");
  if (isRoot) return "/var/lib/vtdoctor";
  if (isAbsolute(HOME)) return join(HOME, ".local", "state", "vtdoctor");
  throw new UsageError(
    "there is no state folder: neither HOME nor XDG_STATE_HOME is set to an absolute path; set one of them.",
  );
}

/** Every cluster's folder in `state`. Throws `UsageError` where it is there and can not be read. */
export function clusterFolders(state: string): readonly string[] {
  try {
    return readdirSync(state)
      .filter((name) => !name.startsWith("."))
      .sort()
      .map((name) => join(state, name))
      .filter((path) => existsSync(join(path, ABOUT)));
  } catch (error) {
    if (isCode(error, "ENOENT")) return [];
    throw unusable(state, "read", error);
  }
}

/** The folder of this cluster; null: it has none yet. Throws `UsageError`. */
export function findClusterFolder(state: string, cluster: PlanCluster): string | null {
  const own = knownBy(cluster);
  return clusterFolders(state).find((path) => isSame(knownIn(path), own)) ?? null;
}

/** The same, made where it is missing, and readable by its owner alone; it knows the cluster by its newest marks. Throws `UsageError`. */
export function makeClusterFolder(state: string, cluster: PlanCluster): string {
  const own = knownBy(cluster);
  try {
    const path = findClusterFolder(state, cluster) ?? newFolder(state, cluster, own);
    writeAbout(path, own);
    return path;
  } catch (error) {
    if (error instanceof UsageError) throw error;
    throw unusable(state, "written", error);
  }
}

/** Made beside and renamed: nobody sees it without what it says of its cluster. */
function newFolder(state: string, cluster: PlanCluster, own: KnownCluster): string {
  mkdirSync(state, { recursive: true, mode: 0o700 });
  return inFreshFolder(state, own, (fresh) => {
    for (let number = 1; ; number++) {
      const path = join(state, `${own.clusterId}${nameOf(own.root)}${number === 1 ? "" : `-${number}`}`);
      if (tryRename(fresh, path)) return path;
      const found = findClusterFolder(state, cluster);
      if (found !== null) return found;
    }
  });
}

/** By way of a file of this process alone: a reader sees the old or the new one. */
function writeAbout(path: string, own: KnownCluster): void {
  const file = join(path, ABOUT);
  if (readFileSync(file, "utf8") !== aboutText(own))
    inFreshFolder(path, own, (fresh) => renameSync(join(fresh, ABOUT), file));
}

/** A folder with what it says of its cluster, below `parent`; what `use` leaves of it goes. */
function inFreshFolder<T>(parent: string, own: KnownCluster, use: (fresh: string) => T): T {
  const fresh = mkdtempSync(join(parent, ".new-"));
  try {
    writeFileSync(join(fresh, ABOUT), aboutText(own));
    return use(fresh);
  } finally {
    rmSync(fresh, { recursive: true, force: true });
  }
}

/** False: there is another folder of that name. */
function tryRename(from: string, to: string): boolean {
  try {
    renameSync(from, to);
    return true;
  } catch (error) {
    if (isCode(error, "ENOTEMPTY") || isCode(error, "EEXIST") || isCode(error, "ENOTDIR")) return false;
    throw error;
  }
}

const nameOf = (text: string): string => text.replaceAll(/[^A-Za-z0-9]+/g, "-");

const aboutText = (about: KnownCluster): string => `${JSON.stringify(about, null, 2)}\n`;

function knownBy({ roots, clusterIds, marks, globalRoot }: PlanCluster): KnownCluster {
  const server = roots.find(({ name }) => name === "global")?.server ?? "";
  return {
    clusterId: nameOf(clusterIds[server] ?? "unknown"),
    root: globalRoot,
    marks: marks.filter((mark) => mark.server === server),
  };
}

/** Null: damaged, so no cluster's. */
function knownIn(path: string): KnownCluster | null {
  try {
    const about: Partial<KnownCluster> = JSON.parse(readFileSync(join(path, ABOUT), "utf8"));
    const { clusterId, root, marks } = about;
    return clusterId === undefined || root === undefined || !Array.isArray(marks)
      ? null
      : { clusterId, root, marks };
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw unusable(path, "read", error);
  }
}

/** Either may be the later one: an etcd that was restored from a backup is at older revisions, and is the same cluster. */
const isSame = (known: KnownCluster | null, own: KnownCluster): boolean =>
  known !== null &&
  known.clusterId === own.clusterId &&
  known.root === own.root &&
  (contradiction(known.marks, own.marks) === null || contradiction(own.marks, known.marks) === null);

const unusable = (path: string, what: "read" | "written", error: unknown): UsageError =>
  new UsageError(
    `the state folder ${path} can not be ${what} (${codeOf(error)}); set XDG_STATE_HOME to another one.`,
  );
