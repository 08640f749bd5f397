import { readdirSync } from "node:fs";
import { expect, it } from "vitest";
import { loadRules, SHIPPED_RULES } from "../../src/rulefiles/load.js";
import { cardOf } from "../../src/rules/card.js";
import { messagesIndex, rulePage, rulesIndex } from "./page.js";

// `npx vitest run --project fast test/rules/pages.test.ts -u` writes docs/rules.
const cards = loadRules([SHIPPED_RULES]).map(cardOf);

it.each(cards.map((card) => [card.id, card] as const))(
  "docs/rules/%s.md is what the rule says",
  async (id, card) => {
    await expect(rulePage(card)).toMatchFileSnapshot(`../../docs/rules/${id}.md`);
  },
);

it("docs/rules/README.md lists them all", async () => {
  await expect(rulesIndex(cards)).toMatchFileSnapshot("../../docs/rules/README.md");
});

it("docs/rules/messages.md lists them by message", async () => {
  await expect(messagesIndex(cards)).toMatchFileSnapshot("../../docs/rules/messages.md");
});

it("no page is left of a rule that is gone", () => {
  const pages = readdirSync(new URL("../../docs/rules", import.meta.url)).filter(
    (file) => !["README.md", "messages.md"].includes(file),
  );
  expect(pages.toSorted()).toEqual(cards.map(({ id }) => `${id}.md`).toSorted());
});
