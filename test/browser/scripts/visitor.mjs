// Somebody with a browser, and everything that a page must not do to them.
import { chromium } from 'playwright-core';
import { input } from './report.mjs';

// The host names of the service lead to it on loopback; no other name leads
// anywhere. Its key alone is trusted.
export function browser() {
  return chromium.launch({
    executablePath: input.chromium,
    args: [
      `--host-resolver-rules=${input.resolver}`,
      `--ignore-certificate-errors-spki-list=${input.key}`,
      '--disable-background-networking', '--disable-component-update', '--disable-sync', '--disable-default-apps',
      '--disable-extensions', '--no-first-run', '--no-pings', '--metrics-recording-only',
    ],
  });
}

// Visitor opens pages in a fresh profile. What a page does wrong meanwhile is
// gathered in findings.
export class Visitor {
  findings = [];

  static async enter(browser, { userAgent, language = 'en', scheme = 'light', width = 1280, height = 900, scripts = true, scale = 1, origin = input.origin } = {}) {
    const visitor = new Visitor();
    visitor.origin = origin;
    visitor.context = await browser.newContext({
      userAgent, locale: language, colorScheme: scheme, viewport: { width, height }, javaScriptEnabled: scripts, deviceScaleFactor: scale,
      permissions: scripts ? ['clipboard-read', 'clipboard-write'] : [], reducedMotion: 'reduce',
    });
    visitor.context.setDefaultTimeout(input.patience ?? 20_000);
    visitor.page = await visitor.context.newPage();
    visitor.#watch();
    return visitor;
  }

  #watch() {
    const { page, findings } = this;
    this.context.on('request', (request) => {
      const url = new URL(request.url());
      if (url.origin !== this.origin) findings.push(`a request to ${url.origin}`);
      if (/@|%40/.test(url.pathname + url.search)) findings.push(`an address in the URL ${url.pathname}`);
    });
    this.context.on('response', (response) => {
      const isPage = response.request().resourceType() === 'document';
      if (!isPage && response.status() >= 400) findings.push(`${response.status()} for ${new URL(response.url()).pathname}`);
    });
    this.context.on('requestfailed', (request) => {
      // A download, and a page that is left, end what the browser had begun.
      const { errorText } = request.failure();
      if (errorText !== 'net::ERR_ABORTED') findings.push(`a request failed: ${errorText} for ${request.url()}`);
    });
    page.on('console', (message) => {
      // A page that says 404 is one that the test asked for.
      if (['error', 'warning'].includes(message.type()) && !message.text().startsWith('Failed to load resource')) findings.push(`console: ${message.text()}`);
    });
    page.on('pageerror', (error) => findings.push(`a script failed: ${error.message}`));
    page.on('dialog', (dialog) => { findings.push(`a dialogue: ${dialog.message()}`); dialog.dismiss(); });
  }

  // feelsLikeIPad has the browser report several fingers: an iPad calls itself a Mac.
  async feelsLikeIPad() {
    const debug = await this.context.newCDPSession(this.page);
    await debug.send('Emulation.setTouchEmulationEnabled', { enabled: true, maxTouchPoints: 5 });
  }

  async open(path = '/') {
    return this.page.goto(this.origin + path);
  }

  // arrive opens a page as the fields of a visit say: a path, or an address that is
  // typed, a password to check, which is skipped without one unless the visit stays
  // there, then a device, an app, and the end.
  async arrive({ path = '/', language = 'en', address, device, app, password, stays, done }) {
    const { page } = this;
    const say = words(language);
    await this.open(path);
    if (address) {
      await page.getByLabel(say('page.address')).fill(address);
      await this.goes(() => page.getByRole('button', { name: say('page.show') }).click());
    }
    if (password) await this.check(say, password);
    else if (address && !stays) await this.skip(say);
    for (const [name, value] of Object.entries({ device, app })) {
      if (value) await this.change(name, value);
    }
    if (done) await this.goes(() => page.getByRole('button', { name: say('choose.works') }).click());
  }

  // skip leaves the check of the password, where there is one.
  async skip(say) {
    const button = this.page.getByRole('button', { name: say('verify.skip') });
    if (await button.count()) await this.goes(() => button.click());
  }

  // check checks a password, and waits for the verdict: with scripts the page stays.
  async check(say, password) {
    const { page } = this;
    await page.getByLabel(say('verify.password')).fill(password);
    const before = page.url();
    await page.getByRole('button', { name: say('verify.button'), exact: true }).click();
    await page.waitForURL((url) => url.href !== before && url.searchParams.has('password'));
    await page.locator('.verdict').waitFor();
  }

  // change opens the choice of a device or an app, and chooses another one.
  async change(name, value) {
    const button = this.page.locator(`button[name=${name}][value=${value}]`);
    const choice = this.page.locator('details.choice').filter({ has: button });
    if (!await choice.evaluate((details) => details.open)) await choice.locator('summary').click();
    await this.goes(() => button.click());
  }

  // chosen is the device or the app of a page.
  chosen(name) {
    return this.page.locator(`header input[name=${name}]`).getAttribute('value');
  }

  // unfold opens everything that can be opened, but not the menu that would
  // cover something.
  async unfold(which = 'main details') {
    await this.page.evaluate((which) => document.querySelectorAll(which).forEach((details) => {
      details.removeAttribute('name'); // of several, only one would be open
      details.open = true;
    }), which);
  }

  // goes does what leads to another page, and waits for that.
  async goes(step) {
    await Promise.all([this.page.waitForEvent('load'), step()]);
  }

  // fits finds what makes a person scroll sideways.
  async fits(where) {
    const wide = await this.page.evaluate(() => {
      const root = document.scrollingElement;
      if (root.scrollWidth <= root.clientWidth) return '';
      const culprits = [...document.querySelectorAll('body *')].filter((e) => e.getBoundingClientRect().right > root.clientWidth + 0.5);
      return `${root.scrollWidth} px wide in a window of ${root.clientWidth} px, because of ${culprits.slice(-3).map((e) => e.outerHTML.slice(0, 120)).join(' and ')}`;
    });
    if (wide) this.findings.push(`${where}: ${wide}`);
  }

  // fitsLarge is fits with a large default font.
  async fitsLarge(where) {
    await this.page.evaluate(() => { document.documentElement.style.fontSize = '24px'; });
    await this.fits(`${where}, 24 px`);
    await this.page.evaluate(() => { document.documentElement.style.fontSize = ''; });
  }

  // darkness holds the page, and a logo that was drawn twice, against what the device asks for.
  async darkness(scheme) {
    const [red] = await this.page.evaluate(() => getComputedStyle(document.body).backgroundColor.match(/\d+/g).map(Number));
    same(this.findings, 'the page', red < 128 ? 'dark' : 'light', scheme);
    const logo = () => this.page.evaluate(() => document.querySelector('header picture img')?.currentSrc.split('.').pop());
    const want = scheme === 'dark' ? 'logo-dark' : 'logo';
    let got = await logo();
    for (let i = 0; got !== undefined && got !== want && i < 100; i++, got = await logo()) await this.page.waitForTimeout(100); // it is loaded when the scheme changes
    if (got !== undefined) same(this.findings, 'the logo', got, want);
  }

  // leave looks at what the pages left behind, and returns the findings.
  async leave() {
    const cookies = await this.context.cookies();
    for (const cookie of cookies) this.findings.push(`the cookie ${cookie.name}`);
    const { origins } = await this.context.storageState();
    for (const { origin, localStorage } of origins) {
      for (const { name } of localStorage) this.findings.push(`${origin} keeps ${name} in the browser`);
    }
    await this.context.close();
    return this.findings;
  }
}

// pictureOf writes what a camera sees of a QR code, and returns the file.
export async function pictureOf(code, file) {
  await code.scrollIntoViewIfNeeded(); // it is loaded then
  await code.evaluate((image) => image.decode());
  await code.screenshot({ path: file });
  return file;
}

// attempt turns what goes wrong on the way into a finding.
export async function attempt(visitor, way) {
  try {
    await way();
  } catch (error) {
    visitor.findings.push(error.message.split('\n').slice(0, 12).join('\n'));
  }
}

export function same(findings, what, got, want) {
  if (got !== want) findings.push(`${what} is ${JSON.stringify(got)}, want ${JSON.stringify(want)}`);
}

export function has(findings, what, got, ...wants) {
  for (const want of wants) {
    if (!got.includes(want)) findings.push(`${what} lacks ${JSON.stringify(want)}: ${JSON.stringify(got)}`);
  }
}

// words returns what the pages say in a language, by key, with values in the
// place of placeholders.
export function words(language, texts = input.texts) {
  const say = (key, values = {}) => {
    const text = texts[language][key];
    if (typeof text !== 'string') throw new Error(`${language} has no ${key}`);
    return Object.entries(values).reduce((t, [name, value]) => t.replaceAll(`{${name}}`, value), text);
  };
  say.provider = input.providers[language] ?? input.providers.en;
  return say;
}
