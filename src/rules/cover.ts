import type { Finding } from "../findings/finding.js";
import { partnerOf } from "../snapshot/derive/workflow.js";
import type { Operation, Silence } from "./circumstances.js";

type FindingObject = Finding["object"];

/**
 * Whether an operation may be changing this object: a keyspace of its own, and no other shard or workflow than the object's. A workflow's
 * operation covers its keyspaces' shards too, which it may be switching, and its streams in either direction.
 */
export const operationCovers = (operation: Operation, object: FindingObject): boolean =>
  Boolean(object.keyspace) &&
  (operation.keyspace === object.keyspace || operation.other_keyspace === object.keyspace) &&
  agrees(operation.shard, object.shard) &&
  (agrees(operation.workflow, object.workflow) || partnerOf(operation.workflow) === object.workflow);

/**
 * Whether a silent source could have told of this object: where both name a cell, keyspace, shard or tablet, they name the same one.
 */
export const silenceCovers = (silence: Silence, object: FindingObject): boolean =>
  agrees(silence.cell, object.cell) &&
  agrees(silence.keyspace, object.keyspace) &&
  agrees(silence.shard, object.shard) &&
  agrees(silence.alias, object.alias);

const agrees = (given: string, own: string | undefined): boolean =>
  given === "" || own === undefined || own === "" || given === own;
