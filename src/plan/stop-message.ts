/** What an operator reads in the row of a stream that a run stopped; by it an undo knows the row again. */
export const stopMessage = (run: string): string => `stopped by vtdoctor run ${run}`;
