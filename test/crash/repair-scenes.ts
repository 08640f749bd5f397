import {
  resumedRetired,
  retired,
  returned,
  returnedElected,
  returnedRetired,
  targetsRetiredAlone,
} from "./leaving-scenes.js";
import { copying, moving, orphaned, purged, running, type Scene } from "./scene.js";
import { halted, keyspaceDeleted, misrouted } from "./serving-scenes.js";

/** After each of them nothing of c2 is left. */
export const REPAIRS: readonly Scene[] = [
  orphaned,
  running,
  purged,
  copying,
  moving,
  misrouted,
  halted,
  keyspaceDeleted,
  retired,
  returned,
  returnedElected,
  returnedRetired,
  resumedRetired,
  targetsRetiredAlone,
];

/** Cancels whose runs are taken back. */
export const UNDONE: readonly Scene[] = [running, moving, copying];
