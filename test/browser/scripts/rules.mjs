// The rules that our HTML keeps.
import { HtmlValidate } from 'html-validate';

const validator = new HtmlValidate({
  root: true,
  extends: ['html-validate:recommended', 'html-validate:a11y', 'html-validate:document'],
  rules: {
    // A button in a form submits it unless it says otherwise, and all of ours do.
    'no-implicit-button-type': 'off',
    // A title may hold an address, which has any length; no search engine shows it.
    'long-title': 'off',
    // Our own style sheet comes from where the page comes from.
    'require-sri': ['error', { target: 'crossorigin' }],
  },
});

export async function markup(html) {
  const { results } = await validator.validateString(html);
  return results.flatMap(({ messages }) => messages.map(({ ruleId, message, line, column }) => `${ruleId}, line ${line}, column ${column}: ${message}`));
}
