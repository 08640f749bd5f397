import { readFileSync } from "node:fs";
import { type CompiledRules, keyOf } from "./compiled.js";
import { ruleFiles } from "./load.js";
import { openBench } from "./prepare.js";
import { readSource } from "./source.js";
import { prepared, validate } from "./validate.js";

/** `npm run build` keeps this beside the compiled code: a scan then starts without parsing and checking what was checked here. */
export function compileRules(dir: string): CompiledRules {
  const bench = openBench();
  try {
    return new Map(
      ruleFiles(dir).map(({ shown, path }) => {
        const text = readFileSync(path, "utf8");
        const source = readSource(shown, text);
        const value = validate(source);
        return [keyOf(text), { value, columns: prepared(source, value.query, bench) }];
      }),
    );
  } finally {
    bench.close();
  }
}
