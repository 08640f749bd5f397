import type { DescMessage, MessageShape } from "@bufbuild/protobuf";
import type { Snapshot } from "../../snapshot/snapshot.js";
import { decoder } from "../../topology/records.js";
import type { DraftStep } from "../draft.js";
import type { Fields, ValuesOf } from "../fields.js";
import { base64, keyFact } from "../view/keys.js";
import { type RecordType, written } from "./record-type.js";

/** The write of one record as the snapshot has it, with its fields changed; none where there is no such record, or nothing to change. */
export const editRecord = <K extends string, F extends Fields, D extends DescMessage>(
  snapshot: Snapshot,
  type: RecordType<K, F, D>,
  of: ValuesOf<F>,
  { server, key }: { readonly server: string; readonly key: string },
  change: (record: MessageShape<D>) => MessageShape<D>,
): readonly DraftStep[] => {
  const fact = keyFact(snapshot, server, key);
  const record = fact === null ? null : decoder(type.schema)(fact.value);
  if (fact === null || record?.kind !== "answered") return [];
  const [before, after] = [base64(fact.value), written(type, change(record.value))];
  if (after === before) return [];
  const { modRevision } = fact;
  const write = { kind: "record.write", record: { kind: type.kind, ...of }, server, key, modRevision };
  return [{ ...write, before, after } as unknown as DraftStep];
};
