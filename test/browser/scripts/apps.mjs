// The steps of every app, on the narrowest of phones.
import { input, report, inTwo } from './report.mjs';
import { browser, Visitor, attempt } from './visitor.mjs';

await inTwo(input.visits, browser, async (chromium, visit) => {
  const visitor = await Visitor.enter(chromium, { ...visit, width: 320 });
  const seen = new Set();
  const choices = (name) => visitor.page.locator(`button[name=${name}]`).evaluateAll((all) => all.map((button) => button.value));
  const choose = (name, value) => visitor.change(name, value);
  await attempt(visitor, async () => {
    await visitor.arrive(visit);
    for (const device of await choices('device')) {
      await choose('device', device);
      const usual = await visitor.chosen('app'); // perhaps the only one
      for (const app of new Set([usual, ...await choices('app')])) {
        if (seen.has(app)) continue;
        seen.add(app);
        if (await visitor.chosen('app') !== app) await choose('app', app);
        await visitor.unfold();
        await visitor.fits(app);
        for (const tall of await tallNames(visitor)) visitor.findings.push(`more than two lines: ${tall}`);
      }
    }
    for (const app of input.apps) {
      if (!seen.has(app)) visitor.findings.push(`nobody can choose ${app}`);
    }
  });
  report(visit.name, await visitor.leave());
});

// tallNames returns the names in the choices that take more than two lines.
function tallNames(visitor) {
  return visitor.page.locator('.choice .is, button[name=device], button[name=app]').evaluateAll((all) => all.filter((e) => {
    const range = document.createRange();
    range.selectNodeContents(e);
    return range.getBoundingClientRect().height > 2 * parseFloat(getComputedStyle(e).lineHeight) + 2;
  }).map((e) => e.textContent));
}
