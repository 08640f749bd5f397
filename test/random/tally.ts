/** What the generator really made: a property that executes no plan proves nothing. */
export class Tally {
  scenarios = 0;
  executed = 0;
  refused = 0;
  empty = 0;
  incidents = 0;
  readonly #counts = new Map<string, Map<string, { done: number; not: number }>>();

  count(group: string, name: string, done: boolean): void {
    const names = this.#counts.get(group) ?? new Map();
    this.#counts.set(group, names);
    const { done: yes, not } = names.get(name) ?? { done: 0, not: 0 };
    names.set(name, done ? { done: yes + 1, not } : { done: yes, not: not + 1 });
  }

  /** `steps`: the kinds of those that it did. */
  command(line: string, code: number, writes: number, steps: readonly string[], struck: boolean): void {
    const verb = line.split(" ")[0] ?? "";
    const ran = steps.length > 0 || writes > 0;
    if (ran) this.executed += 1;
    else if (code === 4) this.refused += 1;
    else this.empty += 1;
    if (struck && ran) this.incidents += 1;
    this.count("command", `${verb}, exit ${code}`, ran);
    for (const step of steps) this.count("step", step, true);
  }

  /** How often a group's thing was really done. */
  done(group: string): number {
    return [...(this.#counts.get(group)?.values() ?? [])].reduce((sum, { done }) => sum + done, 0);
  }

  text(): string {
    const head = `${this.scenarios} scenarios: ${this.executed} commands executed a plan (${this.incidents} of them interrupted), ${this.refused} were refused, ${this.empty} had nothing to do`;
    const groups = [...this.#counts].map(([group, names]) => {
      const words = [...names]
        .sort(([one], [other]) => (one < other ? -1 : 1))
        .map(([name, { done, not }]) => `${name} ${done}${not === 0 ? "" : `+${not} not`}`);
      return `  ${group}: ${words.join(", ")}`;
    });
    return [head, ...groups].join("\n");
  }
}
