import { type Unanswered, unanswered } from "../cluster/outcome.js";

/** So many deadlines without one answer are no chance. */
const ENOUGH = 32;

/**
 * Ends the waiting for a cell whose network swallows everything: after enough of its tablets let their deadline pass and none ever
 * answered, the others count as timed out without being dialled. So a lost cell costs a few deadlines, not one per tablet.
 */
export class QuietCells {
  readonly #timeouts = new Map<string, number>();
  readonly #heard = new Set<string>();

  /** Why a tablet of the cell need not be dialled; null: dial it. */
  silence(cell: string): Unanswered | null {
    const timeouts = this.#timeouts.get(cell) ?? 0;
    if (cell === "" || this.#heard.has(cell) || timeouts < ENOUGH) return null;
    return unanswered(
      "timeout",
      `not dialled: ${ENOUGH} other tablets of cell ${cell} timed out and none answered`,
    );
  }

  note(cell: string, timedOut: boolean): void {
    if (timedOut) this.#timeouts.set(cell, (this.#timeouts.get(cell) ?? 0) + 1);
    else this.#heard.add(cell);
  }
}
