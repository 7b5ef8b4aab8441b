// Somebody who is not sure of a password tries it here first.
import { input, report, inTwo } from './report.mjs';
import { browser, Visitor, attempt, same, has, words } from './visitor.mjs';

await inTwo(input.visits, browser, async (chromium, visit) => {
  const visitor = await Visitor.enter(chromium, visit);
  await attempt(visitor, async () => {
    const { page, findings } = visitor;
    const say = words(visit.language);
    const section = page.getByRole('region', { name: say('verify.title') });
    const field = page.getByLabel(say('verify.password'));
    const check = async (password) => {
      await visitor.check(say, password);
      return page.locator('.verdict').innerText();
    };
    await visitor.arrive({ ...visit, stays: true });
    same(findings, 'the verdict on a wrong one', await check('wrong'), say('verify.wrong'));
    has(findings, 'what helps', await section.innerText(), say('verify.hint_case'), say('verify.hint_own', { address: visit.address }));
    const link = page.getByRole('link', { name: say('verify.app_password') });
    same(findings, 'the link to app passwords', await link.getAttribute('href'), 'https://www.example.com/passwords');
    same(findings, 'the password on the page', await field.inputValue(), '');
    same(findings, 'the verdict on the right one', await check(input.rightPassword), say('verify.right'));
    same(findings, 'the place on the page', await page.evaluate(() => location.hash || `#${document.activeElement.id}`), '#verify');
    const menu = await page.locator('header form').getAttribute('action');
    if ((await page.content()).includes(input.rightPassword)) findings.push('the password is on the page');
    if (visit.userAgent.includes('iPhone')) {
      const download = page.getByRole('button', { name: say(visit.scripts ? 'verify.copy_download' : 'profile_page.download') });
      const place = await download.boundingBox();
      if (!place || place.y + place.height > 700) findings.push('the profile is not on the screen of the verdict');
    }
    if (visit.scripts) { // the right password is at hand until the person leaves
      await page.getByRole('button', { name: say('verify.copy'), exact: true }).click();
      await page.locator('.password .done').waitFor();
      same(findings, 'the clipboard', await page.evaluate(() => navigator.clipboard.readText()), input.rightPassword);
      await page.getByRole('button', { name: say('verify.reveal') }).click();
      same(findings, 'the password, shown', await page.locator('.secret').innerText(), input.rightPassword);
      await page.getByRole('button', { name: say('verify.hide') }).click();
      if ((await page.content()).includes(input.rightPassword)) findings.push('the hidden password is on the page');
    }
    // Reloading checks no password, and going back leads to the verdict before.
    await visitor.goes(() => page.reload());
    has(findings, 'the page, reloaded', await section.innerText(), say('verify.right'));
    await visitor.goes(() => page.goBack());
    has(findings, 'the page before', await section.innerText(), say('verify.wrong'));
    await visitor.goes(() => page.goForward());
    // Choosing another device keeps the page.
    const path = new URL(page.url()).pathname;
    same(findings, 'the path of other languages', new URL(menu, page.url()).pathname, path);
    await visitor.change('device', 'printer');
    same(findings, 'the path after that', new URL(page.url()).pathname, path);
  });
  report(visit.name, await visitor.leave());
});
