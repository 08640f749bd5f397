import { UsageError } from "../cluster/errors.js";
import { ALL_OPTIONS, CONSENT } from "./options.js";

/** `VTDOCTOR_TOPO_GLOBAL_ROOT` and so on: option name to value. Lists are comma-separated. */
export function readEnvironment(env: NodeJS.ProcessEnv): Readonly<Record<string, unknown>> {
  const found: Record<string, unknown> = {};
  for (const name of Object.keys(CONSENT)) {
    if (env[variableOf(name)] !== undefined)
      throw new UsageError(`${variableOf(name)}: can only be typed, as --${name}; unset the variable.`);
  }
  for (const [name, option] of Object.entries(ALL_OPTIONS)) {
    const variable = variableOf(name);
    const text = env[variable];
    if (text === undefined || text === "") continue;
    found[name] =
      option.type === "strings"
        ? text.split(",")
        : option.type === "string" || option.type === "duration"
          ? text
          : typed(variable, option.type, text);
  }
  return found;
}

const variableOf = (name: string): string => `VTDOCTOR_${name.toUpperCase().replaceAll(/[-.]/g, "_")}`;

function typed(variable: string, type: "number" | "boolean", text: string): number | boolean {
  if (type === "boolean") {
    if (/^(1|true|yes)$/i.test(text)) return true;
    if (/^(0|false|no)$/i.test(text)) return false;
    throw new UsageError(`${variable}: "${text}" must be true or false.`);
  }
  const value = Number(text);
  if (!Number.isFinite(value)) throw new UsageError(`${variable}: "${text}" must be a number.`);
  return value;
}
