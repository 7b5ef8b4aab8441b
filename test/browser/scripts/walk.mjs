// The whole way, as people go it: from the address to an app that is set up.
import { join } from 'node:path';
import { copies } from './copies.mjs';
import { input, report, inTwo } from './report.mjs';
import { browser, Visitor, attempt, same, has, words } from './visitor.mjs';

await inTwo(input.walks, browser, async (chromium, walk) => {
  const visitor = await Visitor.enter(chromium, walk);
  const files = {};
  await attempt(visitor, () => theWay(visitor, walk, files));
  report(walk.name, await visitor.leave(), { files });
});

async function theWay(visitor, walk, files) {
  const { page, findings } = visitor;
  const say = words(walk.language);
  const address = walk.address;
  const heading = () => page.getByRole('heading', { level: 1 }).innerText();
  const button = (text) => page.getByRole('button', { name: text, exact: true });
  const chosen = async (name) => (await page.locator(`button[name=${name}][aria-current=true]`).textContent()).trim();

  // The first page is in the language of the browser.
  await visitor.open();
  same(findings, 'the language', await page.locator('html').getAttribute('lang'), walk.language);
  same(findings, 'the heading of the first page', await heading(), say('page.title'));
  await visitor.fits('the first page');
  await visitor.fitsLarge('the first page');
  await visitor.darkness(walk.scheme);
  await page.keyboard.press('Tab');
  const first = page.locator(':focus');
  same(findings, 'the first stop of the keyboard', await first.innerText(), say('page.skip'));
  if ((await first.boundingBox()).x < 0) findings.push('the link to the content cannot be seen while it has the focus');

  // An address of somebody else, then one's own.
  await page.getByLabel(say('page.address')).fill('somebody@elsewhere.example');
  await visitor.goes(() => button(say('page.show')).click());
  same(findings, 'the problem', await page.getByRole('alert').innerText(), say('problem.unknown'));
  same(findings, 'what was typed', await page.getByLabel(say('page.address')).inputValue(), 'somebody@elsewhere.example');
  await visitor.fits('the problem');
  await page.getByLabel(say('page.address')).fill(address);
  await visitor.goes(() => page.keyboard.press('Enter'));
  same(findings, 'the heading', await heading(), say('page.title_for', { address }));
  const home = page.url();
  has(findings, 'the URL', home, input.origin + '/s/');
  await visitor.goes(() => page.reload());
  same(findings, 'the heading after a reload', await heading(), say('page.title_for', { address }));

  // A password could be checked here; this person does not want to.
  same(findings, 'the first question', await page.locator('input[type=password]').count(), 1);
  await visitor.fits('the check of the password');
  await visitor.fitsLarge('the check of the password');
  await visitor.skip(say);

  // The device is recognised, and its usual app is chosen.
  same(findings, 'the device', await chosen('device'), `${say('choose.device_' + walk.device)} (${say('choose.recognised')})`);
  same(findings, 'the app', await chosen('app'), say(`apps.${walk.apps[0]}.name`));
  await visitor.fits('the steps of the usual app');

  // Where there is a profile, it comes first, and a click downloads it.
  const isApple = walk.apps[0].startsWith('apple');
  const download = button(say('profile_page.download'));
  same(findings, 'the number of profiles', await download.count(), isApple ? 1 : 0);
  if (isApple) {
    const place = await download.boundingBox();
    if (place.y + place.height > 600) findings.push(`the button of the profile ends at ${place.y + place.height} px`);
    const [profile] = await Promise.all([page.waitForEvent('download'), download.click()]);
    same(findings, 'the name of the profile', profile.suggestedFilename(), 'example.com.mobileconfig');
    files.profile = join(input.dir, `${walk.name}.mobileconfig`);
    await profile.saveAs(files.profile);
  }

  // Another app: its steps hold one's own values.
  await visitor.change('app', walk.apps[1]);
  same(findings, 'the other app', await chosen('app'), say(`apps.${walk.apps[1]}.name`));
  await visitor.goes(() => page.goBack());
  same(findings, 'the app after going back', await chosen('app'), say(`apps.${walk.apps[0]}.name`));
  await visitor.goes(() => page.goForward());
  const steps = page.getByRole('region', { name: say('choose.steps_for', { app: say(`apps.${walk.apps[1]}.name`) }) });
  const values = await steps.locator('.value').allTextContents();
  has(findings, 'the values in the steps', values, address, 'imap.example.com', 'smtp.example.com', '993', '465');
  same(findings, 'placeholders that are left', (await page.locator('main').innerText()).match(/\{[a-z_]+\}/)?.[0], undefined);
  await visitor.fits('the steps of the other app');

  // The table has every way in, and says which one to take.
  await page.locator('details.all > summary').click();
  const rows = page.getByRole('region', { name: say('settings.title') }).locator('tbody tr');
  same(findings, 'the number of rows', await rows.count(), 9);
  const recommended = await rows.filter({ hasText: say('settings.recommended') }).first().innerText();
  has(findings, 'the recommended row', recommended, say('settings.imap'), 'imap.example.com', '993', say('settings.tls'), address);
  for (const value of await rows.locator('.value').all()) {
    const box = await value.boundingBox();
    if (!box || box.x < 0 || box.x + box.width > walk.width) findings.push(`${await value.innerText()} in the table cannot be seen`);
  }

  await buttons(visitor, walk, say);
  await help(visitor, walk, say);

  // The end, from which the way leads back to the steps.
  await visitor.goes(() => button(say('choose.works')).click());
  same(findings, 'the end', await page.getByRole('heading', { level: 2 }).first().innerText(), say('done.title'));
  await visitor.fits('the end');
  await visitor.goes(() => page.reload());
  await visitor.goes(() => button(say('done.back')).click());
  same(findings, 'the app after the end', await chosen('app'), say(`apps.${walk.apps[1]}.name`));

  if (walk.scripts) { // the menu closes on Esc, with the focus on it, and on a click elsewhere
    const menu = page.locator('header details');
    const summary = menu.locator('summary');
    await summary.click();
    await page.keyboard.press('Escape');
    same(findings, 'the menu after Esc', await menu.evaluate((details) => details.open), false);
    same(findings, 'the focus after Esc', await summary.evaluate((element) => element === document.activeElement), true);
    await summary.click();
    await page.getByRole('heading', { level: 1 }).click();
    same(findings, 'the menu after a click elsewhere', await menu.evaluate((details) => details.open), false);
  }

  // Another language keeps the address, the device and the app.
  const other = words(walk.other);
  await page.locator('header summary', { hasText: say('language') }).click();
  await visitor.goes(() => page.getByRole('button', { name: other('language'), exact: true }).click());
  same(findings, 'the heading in the other language', await heading(), other('page.title_for', { address }));
  same(findings, 'the language after the switch', await page.locator('html').getAttribute('lang'), walk.other);
  same(findings, 'the app after the switch', await chosen('app'), other(`apps.${walk.apps[1]}.name`));
  await visitor.fits('the other language');
  if (isApple) {
    await visitor.change('device', 'windows');
    same(findings, 'the device after another was chosen', await chosen('device'), other('choose.device_windows'));
    same(findings, 'the number of profiles for Windows', await page.locator('form[action^="/p/"]').count(), 0);
  }

  // And back to the beginning, in that language.
  await visitor.goes(() => page.getByRole('button', { name: other('page.other_address') }).click());
  same(findings, 'the heading at the end', await heading(), other('page.title'));
  same(findings, 'the address at the end', await page.getByLabel(other('page.address')).inputValue(), '');

  await invitations(visitor, walk, say);
  same(findings, 'all that was typed', await page.evaluate(() => document.cookie), '');
}

// buttons copy values where there are scripts, by keyboard as well.
async function buttons(visitor, walk, say) {
  const { page, findings } = visitor;
  const count = await page.locator('button.copy').count();
  const wanted = await page.locator('.value').count();
  same(findings, 'the number of buttons', count, walk.scripts ? wanted : 0);
  if (!walk.scripts) return;
  await visitor.unfold('.hand');
  await visitor.fitsLarge('the steps');
  await copies(visitor, say, 'smtp.example.com');
  await copies(visitor, say, '465');
  await copies(visitor, say, walk.address, (button) => button.press('Enter'));
}

// help opens what a person would open whose password is refused.
async function help({ page, findings }, walk, say) {
  await page.getByRole('link', { name: say('done.trouble') }).click();
  has(findings, 'the URL', page.url(), '#help');
  const details = page.locator('details#wrong-password');
  const text = details.locator('p');
  same(findings, 'help is shown before it is opened', await text.isVisible(), false);
  await details.locator('summary').click();
  same(findings, 'help is shown', await text.isVisible(), true);
  has(findings, 'help', await text.innerText(), walk.address);
  same(findings, 'the link to help', await page.getByRole('link', { name: say('page.help_from', { provider: say.provider }) }).getAttribute('href'), 'https://help.example.com/mail');
}

async function invitations(visitor, walk, say) {
  const { page, findings } = visitor;
  const address = walk.address;
  await visitor.open(walk.invitation);
  const text = await page.locator('main').innerText();
  has(findings, 'the invitation', text, say('page.greeting', { address, provider: say.provider }), say('page.title_for', { address }));
  await visitor.fits('the invitation');

  await visitor.open(walk.expired);
  same(findings, 'the expired invitation', await page.getByRole('alert').innerText(), say('problem.expired'));
  same(findings, 'the address of the expired invitation', await page.getByLabel(say('page.address')).inputValue(), address);
  await visitor.goes(() => page.getByRole('button', { name: say('page.show') }).click());
  same(findings, 'the heading after an expired invitation', await page.getByRole('heading', { level: 1 }).innerText(), say('page.title_for', { address }));

  await visitor.open(walk.invitation.slice(0, -3) + 'xyz');
  same(findings, 'the altered invitation', await page.getByRole('alert').innerText(), say('problem.invalid'));
}
