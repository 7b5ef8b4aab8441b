// An invitation on paper.
import { onPaper } from './paper.mjs';
import { input, report, inTwo } from './report.mjs';
import { browser, Visitor, attempt, words } from './visitor.mjs';

await inTwo(input.visits, browser, async (chromium, visit) => {
  const visitor = await Visitor.enter(chromium, visit);
  await attempt(visitor, async () => {
    const { page } = visitor;
    const say = words(visit.language);
    await visitor.arrive(visit);
    await onPaper(visitor,
      ['the greeting', page.getByText(say('page.greeting', { address: visit.mailbox, provider: say.provider })), true],
      ['the first step', page.locator('ol li').first(), true],
      ['the table', page.locator('table'), true],
      ['help, though it is folded up', page.locator('#wrong-password p'), true],
      ['the code of the invitation', page.locator('img.code'), true],
      ['a choice', page.locator('.choices').first(), false],
      ['a button that copies', page.locator('button.copy').first(), false],
      ['the check of the password', page.locator('input[type=password]'), false],
    );
    await visitor.fits('paper');
  });
  report(visit.name, await visitor.leave());
});
