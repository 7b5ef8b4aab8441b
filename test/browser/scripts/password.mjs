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
      await field.fill(password);
      await visitor.goes(() => page.getByRole('button', { name: say('verify.button'), exact: true }).click());
      return page.getByRole('status').filter({ hasText: /./ }).innerText();
    };
    await visitor.arrive(visit);
    same(findings, 'the verdict on a wrong one', await check('wrong'), say('verify.wrong'));
    has(findings, 'what helps', await section.innerText(), say('verify.hint_case'), say('verify.hint_own', { address: visit.address }));
    const link = page.getByRole('link', { name: say('verify.app_password') });
    same(findings, 'the link to app passwords', await link.getAttribute('href'), 'https://www.example.com/passwords');
    same(findings, 'the password on the page', await field.inputValue(), '');
    same(findings, 'the verdict on the right one', await check(input.rightPassword), say('verify.right'));
    same(findings, 'the number of hints', await link.count(), 0);
    same(findings, 'the place on the page', new URL(page.url()).hash, '#verify');
    if ((await page.content()).includes(input.rightPassword)) findings.push('the password is on the page');
    // Reloading checks no password, and going back leads to the verdict before.
    await visitor.goes(() => page.reload());
    has(findings, 'the page, reloaded', await section.innerText(), say('verify.right'));
    await visitor.goes(() => page.goBack());
    has(findings, 'the page before', await section.innerText(), say('verify.wrong'));
    await visitor.goes(() => page.goForward());
    // Choosing another device keeps the page.
    const path = new URL(page.url()).pathname;
    await visitor.goes(() => page.locator('button[name=device][value=printer]').click());
    same(findings, 'the path after that', new URL(page.url()).pathname, path);
  });
  report(visit.name, await visitor.leave());
});
