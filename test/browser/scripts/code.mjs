// The QR code as a camera sees it: a picture of the screen.
import { join } from 'node:path';
import { input, report } from './report.mjs';
import { browser, Visitor, attempt, pictureOf } from './visitor.mjs';

const chromium = await browser();
for (const visit of input.visits) {
  const visitor = await Visitor.enter(chromium, visit);
  const files = {};
  await attempt(visitor, async () => {
    await visitor.arrive(visit);
    await visitor.unfold();
    const code = visitor.page.locator(`img.code[src$="${visit.code ?? 'code.svg'}"]`);
    files.code = await pictureOf(code, join(input.dir, `${visit.name}.png`));
  });
  report(visit.name, await visitor.leave(), { files });
}
await chromium.close();
