// Pages with faults that must be found.
import { copies } from './copies.mjs';
import { faults } from './faults.mjs';
import { onPaper } from './paper.mjs';
import { input, report } from './report.mjs';
import { markup } from './rules.mjs';
import { browser, Visitor, attempt, words } from './visitor.mjs';
import { weigh } from './weigh.mjs';

const chromium = await browser();
for (const name of input.planted) {
  const visitor = await Visitor.enter(chromium, { width: 320 });
  let weight;
  await attempt(visitor, async () => {
    const { page, findings } = visitor;
    const response = await visitor.open('/' + name);
    await visitor.fits('here');
    await visitor.darkness('light');
    findings.push(...await faults(page), ...await markup(await response.text()));
    weight = await weigh(page);
    if (await page.locator('.value').count()) await copies(visitor, words('en'), 'imap.example.com');
    await onPaper(visitor, ['a button', page.locator('button').first(), false]);
  });
  report(name, await visitor.leave(), { weight });
}
await chromium.close();
