import type { Clock } from "../../cluster/clock.js";
import type { SimClock } from "../clock.js";

/** How much later than real time something of the simulated world may happen. */
const STEP_MS = 100;

/** Lets simulated time pass as real time does, from now until `stopped`; what it is behind is made up for at once. */
export async function keepPace(simulated: SimClock, real: Clock, stopped: AbortSignal): Promise<void> {
  simulated.followed = true;
  do {
    simulated.advance(Math.max(0, real.now() - simulated.now()));
  } while (await real.sleep(STEP_MS, stopped));
}
