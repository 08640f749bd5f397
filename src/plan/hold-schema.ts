/** Where a run holds tables, out of reach of Vitess's table garbage collection (docs/vitess.md#held-tables). */
export const holdSchemaOf = (run: string): string => `vtdoctor_hold_${run}`;
