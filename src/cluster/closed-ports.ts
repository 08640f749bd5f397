import type { UnansweredReason } from "./outcome.js";

/** What a dialled port said, as an outcome or a probe keeps it. */
interface Said {
  readonly reason?: UnansweredReason | string | null;
  readonly message?: string | null;
}

/** Only where every address of the host refused: a name with several says what each of them did, apart by "; ". */
const isRefusal = ({ reason, message }: Said): boolean =>
  reason === "unreachable" && (message ?? "").split("; ").every((each) => each.includes("ECONNREFUSED"));

/**
 * Whether nothing listens where a vttablet was: both of its ports, gRPC and HTTP, are refused. One refused port is a dead port-forward or a
 * rule of a firewall as well as an end, and any other silence may be a busy host. That the process has ended for good is not said: it may be
 * in the middle of a restart, and whoever asks behind a NAT heard the NAT (docs/safety.md#a-refused-connection).
 */
export const nothingListens = (grpc: Said, http: Said): boolean => isRefusal(grpc) && isRefusal(http);
