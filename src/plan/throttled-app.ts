import { create } from "@bufbuild/protobuf";
import type { ThrottledAppRule, ThrottlerConfig } from "../proto/gen/topodata_pb.js";
import { TimeSchema } from "../proto/gen/vttime_pb.js";

/** A Keyspace or a SrvKeyspace: both have the settings of the throttler. */
interface Throttles {
  readonly throttlerConfig?: ThrottlerConfig | undefined;
}

export const ruleOf = ({ throttlerConfig }: Throttles, app: string): ThrottledAppRule | undefined =>
  throttlerConfig?.throttledApps[app];

/** A plan knows no time, and a rule that names none would last for an hour, so it was over in 1970. */
const OVER = create(TimeSchema, { seconds: 1n });

/**
 * The record with the rule of an app over, and not without it: a tablet of Vitess 19 does not notice that one is not there any more, and each version
 * forgets one that is over (tabletserver/throttle/throttler.go applyThrottlerConfig and ThrottleApp).
 */
export const expired =
  (app: string) =>
  <R extends Throttles>(record: R): R => {
    const [config, rule] = [record.throttlerConfig, ruleOf(record, app)];
    if (config === undefined || rule === undefined) return record;
    const throttledApps = { ...config.throttledApps, [app]: { ...rule, expiresAt: OVER } };
    return { ...record, throttlerConfig: { ...config, throttledApps } };
  };
