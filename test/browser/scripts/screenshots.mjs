// Pictures of the pages as people see them.
import { join } from 'node:path';
import { input, report } from './report.mjs';
import { browser, Visitor, attempt } from './visitor.mjs';

const chromium = await browser();
for (const picture of input.pictures) {
  const visitor = await Visitor.enter(chromium, picture);
  const files = {};
  await attempt(visitor, async () => {
    await visitor.arrive(picture);
    if (picture.unfold) await visitor.unfold(picture.unfold);
    if (picture.from) await visitor.page.locator(picture.from).evaluate((e) => window.scrollTo(0, window.scrollY + e.getBoundingClientRect().top - 16));
    if (picture.print) {
      await visitor.page.emulateMedia({ media: 'print', colorScheme: 'light' });
      // The margins of a sheet of paper.
      await visitor.page.evaluate(() => { document.body.style.margin = '3rem'; });
    }
    await visitor.page.evaluate(() => document.fonts.ready);
    files.picture = join(input.dir, `${picture.name}.png`);
    await visitor.page.screenshot({ path: files.picture, fullPage: picture.all });
  });
  report(picture.name, await visitor.leave(), { files });
}
await chromium.close();
