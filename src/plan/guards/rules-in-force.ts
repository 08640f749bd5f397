import type { Guard } from "../draft.js";
import { cells } from "../facts/topology.js";
import { rebuilt } from "../serving/rebuild.js";
import { sameSrvVSchema } from "../serving/srv-vschema.js";

/**
 * A changed rule is in force once SrvVSchema is built again, and with it all else that the records say: what somebody keeps from a cell is
 * not put in force by the way. A keyspace that is gone may go from it, as with every rebuild of Vitess.
 */
export const moreThanRules: Guard<object> = (snapshot) => {
  const facts = snapshot.facts();
  const [first] = cells(snapshot).flatMap(({ cell, answered }) => {
    if (answered === 0)
      return [
        {
          reason: `cell ${cell} did not answer, and its vtgates would keep the rules`,
          instead: `make it answer, and scan again`,
        },
      ];
    const built = rebuilt(facts, cell);
    if (built === null)
      return [
        {
          reason: `SrvVSchema of ${cell} can not be built: a record can not be decoded`,
          instead: "repair what is found of that record first",
        },
      ];
    const { current, wanted } = built;
    if (current === null) return [];
    const kept = Object.fromEntries(
      Object.entries(current.keyspaces).filter(([name]) => name in wanted.keyspaces),
    );
    return sameSrvVSchema({ ...current, keyspaces: kept }, wanted)
      ? []
      : [
          {
            reason: `SrvVSchema of ${cell} is not what the records say already, and a rebuild would put all of that in force`,
            instead: `repair what is found of it first (srvvschema-stale@${cell})`,
          },
        ];
  });
  return first === undefined ? [] : [first];
};
