import type { ScanDocument } from "../findings/document.js";
import type { Envelope } from "../findings/envelope.js";
import type { Style } from "./style.js";

/** What a scan leaves behind. `code`: how the process ends. */
export interface Report {
  readonly text: string;
  readonly code: number;
}

/** A format of `scan`: one file, and a line in `formats.ts`. */
export interface Format {
  /** As `--format` takes it. */
  readonly name: string;
  readonly scan: (document: ScanDocument, style: Style) => Report | Promise<Report>;
  /** What is left in the place of a result that the command did not come to; null: nothing, stderr says it all. */
  readonly failure: (document: Envelope) => Report | null;
  /** Whether stderr has the sentence of a failure too. */
  readonly noted: boolean;
}
