// A new password for the app, which the page shows once.
import { faults } from './faults.mjs';
import { input, report, inTwo } from './report.mjs';
import { browser, Visitor, attempt, same, has, words } from './visitor.mjs';

await inTwo(input.visits, browser, async (chromium, visit) => {
  const visitor = await Visitor.enter(chromium, visit);
  await attempt(visitor, () => theWay(visitor, visit));
  report(visit.name, await visitor.leave());
});

async function theWay(visitor, visit) {
  const { page, findings } = visitor;
  const say = words(visit.language);
  visitor.context.on('request', (request) => {
    if (request.url().includes(input.madeHere)) findings.push('the new password is in a URL');
  });
  if (visit.touch) await visitor.feelsLikeIPad();
  const made = page.locator('.app-password');
  const gone = async (when) => {
    if ((await page.content()).includes(input.madeHere)) findings.push(`the new password is on the page ${when}`);
  };

  await visitor.arrive({ ...visit, stays: true });
  has(findings, 'the offer', await page.locator('main').innerText(), say('verify.app_password_offer'));
  await page.getByLabel(say('verify.password')).fill(input.rightPassword);
  await page.getByRole('button', { name: say('verify.button'), exact: true }).click();
  await made.waitFor();
  has(findings, 'the page', await page.locator('main').innerText(), say('verify.right'), say('verify.app_password_new'));
  const password = await made.innerText();
  has(findings, 'the new password', password, input.madeHere);
  if ((await page.content()).includes(input.rightPassword)) findings.push('the password of the mailbox is on the page');
  if (page.url().includes(password)) findings.push('the new password is in the URL');
  await visitor.fits('the new password');

  if (visit.scripts) {
    findings.push(...await faults(page));
    const apple = await page.locator('.profile form button').count();
    same(findings, 'that it is offered with the profile', apple, visit.userAgent.includes('Android') ? 0 : 1);
    const button = page.getByRole('button', { name: say('verify.copy'), exact: true });
    await button.click();
    await page.locator('.password .done').waitFor();
    same(findings, 'the clipboard', await page.evaluate(() => navigator.clipboard.readText()), password);
    await visitor.goes(() => page.reload());
    same(findings, 'the new password, after a reload,', await made.count(), 0);
    has(findings, 'the page, reloaded,', await page.locator('main').innerText(), say('verify.right'));
    await gone('after a reload');
    await visitor.goes(() => page.goBack());
    await gone('after going back');
    await visitor.goes(() => page.goForward());
    await gone('after going forward');
  }
  await visitor.change('device', 'printer');
  await gone('for another device');
  // Without scripts, Back leads to the browser's question whether to send the password
  // again, which shows nothing.
  if (visit.scripts) {
    await visitor.goes(() => page.goBack());
    await gone('before that');
  }
}
