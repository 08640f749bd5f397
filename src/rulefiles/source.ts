import { UsageError } from "../cluster/errors.js";
import { yaml } from "../cluster/libraries.js";

/** Path into a rule file, as `variants`, 0, `when`. */
export type FieldPath = readonly (string | number)[];

/** The text of one rule file, which knows the line of each of its fields. */
export interface RuleSource {
  readonly file: string;
  readonly value: unknown;
  /** A UsageError that names file, line and field. */
  error(path: FieldPath, message: string): UsageError;
}

/** Throws a UsageError where the text is no YAML. */
export const readSource = (file: string, text: string): RuleSource => {
  const { isNode, LineCounter, parseDocument } = yaml();
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: true });
  const lineAt = (offset: number | undefined) => (offset === undefined ? 1 : lines.linePos(offset).line);
  const [wrong] = document.errors;
  if (wrong !== undefined)
    throw new UsageError(`${file}:${lineAt(wrong.pos[0])}: this is not YAML: ${wrong.message}`);
  const lineOf = (path: FieldPath): number => {
    for (let length = path.length; length >= 0; length--) {
      const node: unknown = document.getIn(path.slice(0, length), true);
      if (isNode(node) && node.range !== null && node.range !== undefined) return lineAt(node.range[0]);
    }
    return 1;
  };
  return {
    file,
    value: document.toJS(),
    error: (path, message) => {
      const field = path.length === 0 ? "" : `${path.join(".")}: `;
      return new UsageError(`${file}:${lineOf(path)}: ${field}${message}`);
    },
  };
};
