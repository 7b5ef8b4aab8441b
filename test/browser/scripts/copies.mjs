// The buttons behind values.
import { same } from './visitor.mjs';

// copies presses the button of a value and reads the clipboard.
export async function copies({ page, findings }, say, value, press = (button) => button.click()) {
  await page.evaluate(() => navigator.clipboard.writeText('nothing'));
  const button = page.getByRole('button', { name: say('copy.label', { value }), exact: true }).first();
  await press(button);
  await button.and(page.locator('.done')).waitFor();
  same(findings, 'the clipboard', await page.evaluate(() => navigator.clipboard.readText()), value);
  same(findings, 'what a screen reader says', await page.getByRole('status').filter({ hasText: /./ }).last().innerText(), say('copy.done'));
}
