// The way from the address to the end, with the buttons of the browser pressed at each step.
import { join } from 'node:path';
import { input, report, withOne } from './report.mjs';
import { browser, Visitor, attempt, pictureOf, same, words } from './visitor.mjs';
import { weigh } from './weigh.mjs';

await withOne(3, input.flows, browser, async (chromium, flow) => {
  const visitor = await Visitor.enter(chromium, flow);
  const texts = new Set();
  const screens = {};
  const files = {};
  await attempt(visitor, () => theFlow(visitor, flow, texts, screens, files));
  report(flow.name, await visitor.leave(), { texts: [...texts], screens, files });
});

async function theFlow(visitor, flow, texts, screens, files) {
  const { page, findings } = visitor;
  const say = words(flow.language, input.voices[flow.voice]);
  const button = (key) => page.getByRole('button', { name: say(key), exact: true });

  // The browser asks before it repeats a POST. None of its own buttons may lead to one.
  let pressed = '';
  visitor.context.on('request', (request) => {
    if (pressed && request.method() !== 'GET') findings.push(`${pressed} repeats a ${request.method()}`);
  });
  const presses = async (name, step) => {
    pressed = name;
    await visitor.goes(step);
    await settled();
    pressed = '';
  };

  // An iPad calls itself a Mac, which a script corrects by replacing the page.
  if (flow.touch) await visitor.feelsLikeIPad();
  const settled = async () => {
    if (flow.touch && flow.scripts && await page.locator('.chosen').count()) {
      await page.waitForURL((url) => url.searchParams.get('device') === 'iphone', { waitUntil: 'load' });
    }
  };

  let before;
  const reached = async (name, primary) => {
    await settled();
    const here = await place(page);
    same(findings, `the language of ${name}`, await page.locator('html').getAttribute('lang'), flow.language);
    await visitor.fits(name);
    await visitor.darkness(flow.scheme);
    if (flow.phone) {
      const box = await primary.first().boundingBox();
      if (!box || box.y < 0 || box.y + box.height > flow.height) findings.push(`what to do first on ${name} is at ${JSON.stringify(box)}`);
    }
    await presses(`reload of ${name}`, () => page.reload());
    same(findings, `${name}, reloaded,`, await place(page), here);
    const weight = await weigh(page);
    // Without scripts, Chromium fetches the script ahead, and does not run it.
    if (!flow.scripts) weight.files = weight.files.filter((file) => file !== '/assets/waymark.js');
    screens[name] = weight;
    if (before) {
      await presses(`Back from ${name}`, () => page.goBack());
      same(findings, `what is before ${name}`, await place(page), before);
      await presses(`Forward to ${name}`, () => page.goForward());
      same(findings, `${name} after Back and Forward`, await place(page), here);
    }
    before = here;
    for (const text of await said(visitor, flow.language)) texts.add(text);
    await photograph(visitor, flow, files);
  };

  await visitor.open();
  await reached('the first page', button('page.show'));
  await page.getByLabel(say('page.address')).fill(flow.address);
  await visitor.goes(() => button('page.show').click());
  if (flow.way !== 'http') {
    await reached('the password', button('verify.button'));
    if (flow.way === 'right') await visitor.check(say, input.rightPassword);
    else await visitor.skip(say);
  } else if (await page.locator('input[type=password]').count()) {
    findings.push('a password is asked for over http');
    await visitor.skip(say);
  }
  const first = page.locator(flow.apple ? '.profile form button' : '#steps');
  await settled();
  if (await visitor.chosen('device') !== flow.device) {
    await reached('the steps for another device', page.locator('.chosen'));
    await visitor.change('device', flow.device);
  }
  if (await visitor.chosen('app') !== flow.app) {
    await reached('the steps for another app', page.locator('.chosen'));
    await visitor.change('app', flow.app);
  }
  await reached('the steps', first);
  same(findings, 'the device', await visitor.chosen('device'), flow.device);
  same(findings, 'the app', await visitor.chosen('app'), flow.app);
  same(findings, 'the number of profiles', await page.locator('.profile form').count(), flow.apple ? 1 : 0);
  await visitor.goes(() => button('choose.works').click());
  await reached('the end', page.locator('#done'));
  same(findings, 'the end', await page.locator('#done').innerText(), say('done.title'));
}

// photograph takes pictures of the QR codes on a page, each one once.
async function photograph({ page }, flow, files) {
  for (const code of await page.locator('img.code').all()) {
    const source = await code.getAttribute('src');
    const id = new URL(source, page.url()).searchParams.get('for') ?? new URL(page.url()).origin + source.replace('/code.svg', '');
    files[id] ??= await pictureOf(code, join(input.dir, `${flow.name}, ${Object.keys(files).length}.png`));
  }
}

// place is the step that a page is at.
function place(page) {
  return page.evaluate(() => [
    location.pathname + location.search,
    ...[...document.querySelectorAll('main :is(h1, h2, h3, .verdict, [aria-current])')].map((e) => e.textContent.trim()),
  ].join(' | '));
}

// said returns what a page says, in lines. Italian buttons look like commands to a friend.
async function said(visitor, language) {
  await visitor.unfold();
  return visitor.page.evaluate((isItalian) => {
    const pressed = isItalian ? [...document.querySelectorAll('button, a')].map((e) => e.innerText).filter(Boolean) : [];
    const lines = [...document.body.innerText.split('\n'), ...[...document.images].map((image) => image.alt)];
    return lines.map((line) => pressed.reduce((rest, text) => rest.replaceAll(text, ''), line.replace(/https?:\S+/, '')).trim()).filter(Boolean);
  }, language === 'it');
}
