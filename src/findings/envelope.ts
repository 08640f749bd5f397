import { EXIT, type ExitName } from "../cluster/errors.js";

/** Version of the documents' form; it rises when a reader of an older one could be misled. */
const DOCUMENT_SCHEMA = 1;

export interface Exit {
  readonly code: number;
  readonly name: ExitName;
  readonly reasons: readonly string[];
}

/** What every JSON document begins with (docs/json.md#every-document), and all that a command has to say which came to no result. */
export interface Envelope {
  readonly vtdoctor: { readonly version: string; readonly schema: typeof DOCUMENT_SCHEMA };
  readonly exit: Exit;
}

export const envelope = (version: string, name: ExitName, reasons: readonly string[]): Envelope => ({
  vtdoctor: { version, schema: DOCUMENT_SCHEMA },
  exit: { code: EXIT[name], name, reasons },
});
