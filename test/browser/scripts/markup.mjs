// Every page that can be rendered, held against the rules of HTML.
import { readFile } from 'node:fs/promises';
import { input, report } from './report.mjs';
import { markup } from './rules.mjs';

for (const [name, file] of Object.entries(input.pages)) {
  report(name, await markup(await readFile(file, 'utf8')));
}
