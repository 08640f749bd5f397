import { refusalOf } from "../switched.js";
import { tableRead } from "../table-sets.js";
import { type CancelType, NO_RECORDS } from "./cancel-type.js";
import { rulePremises } from "./move-tables.js";

const RULES = ["rule", "shard-rule", "keyspace-rule"];

/** Never switched; rules that lead to its tables say that they are used, which only matters where they go. */
export const materialize: CancelType = {
  namesTables: false,
  forbidding: (sign, keep) => {
    if (!RULES.includes(sign.kind)) return refusalOf(sign);
    return keep
      ? null
      : {
          reason: refusalOf(sign).reason,
          instead: "cancel with --keep-data, or take those rules away first",
        };
  },
  restsOn: rulePremises,
  couldTarget: () => true,
  readsItsTable: ({ match, filter }) => filter === "" || tableRead(filter) === match,
  copies: () => [],
  records: () => NO_RECORDS,
  keepsData: true,
  retirement: null,
};
