// What axe finds on a page, or on a part of it. Its script is run by the browser's debugger, so that the
// page's own policy need not allow it.
import axe from 'axe-core';

export async function faults(page, part = 'html') {
  await page.evaluate(axe.source);
  const { violations, incomplete } = await page.evaluate((part) => globalThis.axe.run(part, {
    resultTypes: ['violations', 'incomplete'],
    rules: { 'target-size': { enabled: true } }, // WCAG 2.2, off by default
  }), part);
  // What axe cannot decide is a person's to look at; nothing of that kind is wanted.
  return [...violations, ...incomplete].flatMap(({ id, help, nodes }) => nodes.map(({ html, any, all, none }) =>
    `${id}: ${help}: ${html.slice(0, 160)}: ${[...any, ...all, ...none].map((check) => check.message).join('; ')}`));
}
