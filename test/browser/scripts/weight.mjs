// How heavy pages are, for somebody who comes for the first time.
import { input, report } from './report.mjs';
import { browser, Visitor, attempt } from './visitor.mjs';
import { weigh } from './weigh.mjs';

const chromium = await browser();
for (const visit of input.visits) {
  const visitor = await Visitor.enter(chromium, visit);
  let weight;
  await attempt(visitor, async () => {
    await visitor.arrive(visit);
    weight = await weigh(visitor.page);
  });
  report(visit.name, await visitor.leave(), { weight });
}
await chromium.close();
