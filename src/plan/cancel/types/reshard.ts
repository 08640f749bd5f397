import { referenceCopies } from "../../facts/stream-facts.js";
import { servingPremises } from "../../facts/topology.js";
import { refusalOf } from "../switched.js";
import { type CancelType, NO_RECORDS } from "./cancel-type.js";

/** Whole shards: their flags and every cell's partitions say whose traffic it is. */
export const reshard: CancelType = {
  forbidding: refusalOf,
  restsOn: (snapshot, { keyspace }) => servingPremises(snapshot, keyspace),
  couldTarget: ({ serving }) => serving === 0,
  readsItsTable: () => true,
  copies: referenceCopies,
  records: () => NO_RECORDS,
  keepsData: false,
  ownsTargets: true,
};
