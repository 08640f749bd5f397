import type { ErrorObject } from "ajv";
import { UsageError } from "../cluster/errors.js";
import { ajv } from "../cluster/libraries.js";
import { didYouMean } from "../cluster/suggest.js";

export interface InventoryTablet {
  readonly host: string;
  readonly grpc: number;
  readonly http?: number;
  /** Port of its MySQL on the same host. */
  readonly mysql?: number;
}

export interface AddressOverride {
  readonly host?: string;
  readonly grpc?: number;
  readonly http?: number;
  readonly mysql?: number;
}

interface WrittenInventory {
  readonly tablets?: readonly InventoryTablet[];
  readonly overrides?: Readonly<Record<string, AddressOverride>>;
}

const PORT = { type: "integer", minimum: 1, maximum: 65535 };
const HOST = { type: "string", minLength: 1, pattern: "^[^\\s/]+$" };
const FIELDS = { host: HOST, grpc: PORT, http: PORT, mysql: PORT };
const SCHEMA = {
  type: "object",
  additionalProperties: false,
  properties: {
    tablets: {
      type: "array",
      items: { type: "object", additionalProperties: false, required: ["host", "grpc"], properties: FIELDS },
    },
    overrides: {
      type: "object",
      propertyNames: { pattern: "^[-_.a-zA-Z0-9]+-[0-9]+$" },
      additionalProperties: {
        type: "object",
        additionalProperties: false,
        minProperties: 1,
        properties: FIELDS,
      },
    },
  },
};

/** The inventory as written, or UsageError with what is wrong in it; a misspelt field explains the missing one. */
export function checkInventory(written: unknown, file: string): WrittenInventory {
  const { Ajv } = ajv();
  const validate = new Ajv({ allErrors: true }).compile<WrittenInventory>(SCHEMA);
  if (validate(written)) return written;
  const errors = validate.errors ?? [];
  const error = errors.find(({ keyword }) => keyword === "additionalProperties") ?? errors[0];
  throw new UsageError(`--inventory ${file}: ${error === undefined ? "is not valid." : complaint(error)}`);
}

function complaint(error: ErrorObject): string {
  const where = place(error.instancePath);
  const known = where.inside === null ? Object.keys(SCHEMA.properties) : Object.keys(FIELDS);
  switch (error.keyword) {
    case "additionalProperties": {
      const field = String(error.params.additionalProperty);
      return `${where.name} has the unknown field "${field}"; known are ${known.join(", ")}.${didYouMean(field, known)}`;
    }
    case "required":
      return `${where.name} lacks the field "${String(error.params.missingProperty)}".`;
    case "minProperties":
      return `${where.name} overrides nothing; give one of ${known.join(", ")}.`;
    case "pattern":
      return error.propertyName === undefined
        ? `${where.name} is not a host name or address without port and scheme.`
        : `overrides has "${error.propertyName}", which is not a tablet alias like zone1-0000000100.`;
    case "propertyNames":
      return `overrides has "${String(error.params.propertyName)}", which is not a tablet alias like zone1-0000000100.`;
    case "minimum":
    case "maximum":
      return `${where.name} is not a port number (1 to 65535).`;
    default:
      return where.inside === null && where.name === "the file"
        ? "must be a list of {host, grpc, http, mysql}, or an object with tablets and overrides."
        : `${where.name} ${error.message ?? "is not valid"}.`;
  }
}

interface Place {
  /** For a person: `entry 3, field "grpc"`. */
  readonly name: string;
  /** The entry or override that it lies in; null for the file itself. */
  readonly inside: string | null;
}

function place(instancePath: string): Place {
  const [list, item, field] = instancePath.split("/").slice(1).map(unescapePointer);
  if (list === undefined) return { name: "the file", inside: null };
  if (item === undefined) return { name: list, inside: null };
  const inside = list === "tablets" ? `entry ${Number(item) + 1}` : `overrides of ${item}`;
  return { name: field === undefined ? inside : `${inside}, field "${field}"`, inside };
}

const unescapePointer = (part: string): string => part.replaceAll("~1", "/").replaceAll("~0", "~");
