import type { Finding } from "../findings/finding.js";

/** A finding with what follows from it (docs/decisions.md#d11). */
export interface Story {
  readonly finding: Finding;
  readonly parts: readonly Story[];
}

/** Roots in the order of the findings; a finding whose cause is not among them is a root. Each finding is in exactly one story. */
export const storiesOf = (findings: readonly Finding[]): readonly Story[] => {
  const ids = new Set(findings.map(({ id }) => id));
  const parts = new Map<string, Finding[]>();
  const roots: Finding[] = [];
  for (const finding of findings) {
    if (finding.causedBy === null || !ids.has(finding.causedBy)) roots.push(finding);
    else if (parts.get(finding.causedBy)?.push(finding) === undefined) parts.set(finding.causedBy, [finding]);
  }
  const told = new Set<string>();
  const tell = (finding: Finding): Story => {
    told.add(finding.id);
    const below = (parts.get(finding.id) ?? []).filter(({ id }) => !told.has(id));
    return { finding, parts: below.map(tell) };
  };
  const stories = roots.map(tell);
  // Findings that follow each other in a ring have no root: none of them may be lost.
  const ring = findings.flatMap((finding) => (told.has(finding.id) ? [] : [tell(finding)]));
  return [...stories, ...ring];
};
