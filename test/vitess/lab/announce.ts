import { labMissing } from "./lab.js";

/** One line instead of a hundred skipped tests without a reason. */
export default function announce(): void {
  const missing = labMissing();
  if (missing !== null) console.log(`SKIPPED test/vitess: ${missing}; install it with: npm run lab:install`);
}
