// The QR code as a camera sees it: a picture of the screen.
import { join } from 'node:path';
import { input, report } from './report.mjs';
import { browser, Visitor, attempt } from './visitor.mjs';

const chromium = await browser();
for (const visit of input.visits) {
  const visitor = await Visitor.enter(chromium, visit);
  const files = {};
  await attempt(visitor, async () => {
    await visitor.arrive(visit);
    files.code = join(input.dir, `${visit.name}.png`);
    await visitor.unfold();
    const code = visitor.page.locator(`img.code[src$="${visit.code ?? 'code.svg'}"]`);
    await code.scrollIntoViewIfNeeded(); // it is loaded then
    await code.evaluate((image) => image.decode());
    await code.screenshot({ path: files.code });
  });
  report(visit.name, await visitor.leave(), { files });
}
await chromium.close();
