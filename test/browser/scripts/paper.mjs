// What there is on a page that is printed, and what not: triples of a name, a
// locator, and whether it is to be seen.
export async function onPaper({ page, findings }, ...expected) {
  await page.emulateMedia({ media: 'print', colorScheme: 'light' });
  for (const [what, locator, want] of expected) {
    const seen = await locator.isVisible();
    if (seen !== want) findings.push(`${what} ${seen ? 'is' : 'is not'} on paper`);
  }
}
