// Every kind of page, in every look, held against what axe knows of people who
// do not see, hear or point well.
import { faults } from './faults.mjs';
import { input, report, inTwo } from './report.mjs';
import { browser, Visitor, attempt, has, words } from './visitor.mjs';

await inTwo(input.visits, browser, async (chromium, visit) => {
  const visitor = await Visitor.enter(chromium, visit);
  await attempt(visitor, async () => {
    await visitor.arrive(visit);
    await visitor.unfold();
    has(visitor.findings, 'the page', await visitor.page.locator('main').innerText(), words(visit.language)(visit.says));
    for (const { scheme, width } of visit.looks) {
      await visitor.page.emulateMedia({ colorScheme: scheme });
      await visitor.page.setViewportSize({ width, height: 900 });
      await visitor.darkness(scheme);
      const where = `${scheme}, ${width} px`;
      await visitor.fits(where);
      visitor.findings.push(...(await faults(visitor.page)).map((fault) => `${where}: ${fault}`));
    }
    if (visit.menu) {
      await visitor.page.locator('header summary').click();
      await visitor.fits('the menu');
      visitor.findings.push(...(await faults(visitor.page, 'header')).map((fault) => `the menu: ${fault}`));
    }
  });
  report(visit.name, await visitor.leave());
});
