// How often somebody taps, from typing the address to the password in the clipboard and the
// profile on its way. They type with a keyboard alone, so that a field which has no focus
// costs a tap, too.
import { input, report } from './report.mjs';
import { browser, Visitor, attempt, same, words } from './visitor.mjs';

const chromium = await browser();
for (const visit of input.visits) {
  const visitor = await Visitor.enter(chromium, visit);
  let taps = 0;
  await attempt(visitor, async () => {
    const { page, findings } = visitor;
    const say = words(visit.language);
    const tap = async (locator) => {
      taps++;
      await locator.click();
    };
    const button = (key) => page.getByRole('button', { name: say(key), exact: true });
    await visitor.open();
    await page.getByLabel(say('page.address')).focus();
    await page.keyboard.type(visit.address);
    await visitor.goes(() => tap(button('page.show')));
    await tap(page.getByLabel(say('verify.password')));
    await page.keyboard.type(input.rightPassword);
    await tap(button('verify.button'));
    await page.locator('.verdict.right').waitFor();
    const [download] = await Promise.all([page.waitForEvent('download'), tap(button('verify.copy_download'))]);
    same(findings, 'the download', download.suggestedFilename(), 'tried.example.mobileconfig');
    await page.waitForFunction(async (password) => await navigator.clipboard.readText() === password, input.rightPassword);
    if (taps > 4) findings.push(`${taps} taps, want at most 4`);
  });
  report(visit.name, await visitor.leave());
}
await chromium.close();
