import { readFileSync } from "node:fs";
import { type CompiledRules, keyOf } from "./compiled.js";
import { ruleFiles } from "./load.js";
import { openBench } from "./prepare.js";
import { readSource } from "./source.js";
import { compiledOf } from "./validate.js";

/** `npm run build` keeps this beside the compiled code: a scan then starts without parsing and checking what was checked here. */
export function compileRules(dir: string): CompiledRules {
  const bench = openBench();
  try {
    return new Map(
      ruleFiles(dir).map(({ shown, path }) => {
        const text = readFileSync(path, "utf8");
        return [keyOf(text), compiledOf(readSource(shown, text), bench)];
      }),
    );
  } finally {
    bench.close();
  }
}
