import { asMarkup } from '../../fhir/views/narrative.ts';
import type { SigningTask } from './signConsent.ts';

/** The one page on which a patient reads a consent and has her browser's wallet sign it. Plain HTML, nothing loaded. */

const WORDS = {
  en: {
    title: 'Read this before you sign',
    account: 'Your wallet has to sign with this account:',
    sign: 'Sign with {wallet}',
    none: 'No wallet was found in this browser. Unlock yours and load the page again.',
    foreign: 'This wallet does not have the account. Choose it there, or take another wallet.',
    refused: 'Not signed:',
    done: 'Signed. You can close this page.',
    details: 'What your wallet is asked to sign, in full',
  },
  zh: {
    title: '签署前请阅读',
    account: '须由钱包中的以下账户签署：',
    sign: '用 {wallet} 签署',
    none: '此浏览器中没有找到钱包。请解锁钱包后重新加载本页。',
    foreign: '此钱包中没有该账户。请在钱包中选择该账户，或使用其他钱包。',
    refused: '未签署：',
    done: '已签署。您可以关闭本页。',
    details: '钱包将签署的完整内容',
  },
} as const;

/** JSON that cannot end the script element it lies in. */
const jsonInScript = (value: unknown): string => JSON.stringify(value).replace(/</g, '\\u003c');

/** What the page may do: run its own script and style, show wallets' icons, answer where it came from. */
export const pagePolicy = (nonce: string): string =>
  [
    "default-src 'none'",
    `script-src 'nonce-${nonce}'`,
    `style-src 'nonce-${nonce}'`,
    'img-src data:',
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ');

/** @param nonce base64url; the one under which `pagePolicy` lets the page's own script and style run */
export function pageHtml({ statement, language, typedData, signer }: SigningTask, nonce: string) {
  const words = language === 'zh' ? WORDS.zh : WORDS.en;
  const lines = statement.split('\n').map((line) => `<p>${asMarkup(line)}</p>`);
  return `<!doctype html>
<html lang="${asMarkup(language)}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<link rel="icon" href="data:,">
<title>${words.title}</title>
<style nonce="${nonce}">${STYLE}</style>
</head>
<body>
<main>
<h1>${words.title}</h1>
<section id="statement">${lines.join('')}</section>
<p>${words.account}<br><code>${asMarkup(signer)}</code></p>
<div id="wallets"></div>
<p id="outcome" role="status">${words.none}</p>
<details><summary>${words.details}</summary><pre>${asMarkup(JSON.stringify(typedData, undefined, 2))}</pre></details>
</main>
<script type="application/json" id="task">${jsonInScript({ typedData, signer, words })}</script>
<script nonce="${nonce}">${SCRIPT}</script>
</body>
</html>
`;
}

const STYLE = `
:root { color-scheme: light; font-family: system-ui, 'Noto Sans', 'Noto Sans CJK SC', sans-serif; }
body { margin: 0; background: #f2f4f6; color: #16202a; line-height: 1.5; }
main { max-width: 46rem; margin: 0 auto; padding: 2rem 1.25rem 4rem; }
h1 { font-size: 1.6rem; }
#statement { background: #fff; border: 2px solid #16202a; border-radius: .5rem; padding: 1rem 1.5rem; font-size: 1.4rem; overflow-wrap: anywhere; }
#statement p { margin: .6em 0; }
button { display: flex; align-items: center; gap: .75rem; width: 100%; margin: .75rem 0; padding: 1rem 1.25rem; font: inherit; font-size: 1.25rem; color: #fff; background: #0b4f9e; border: 0; border-radius: .5rem; cursor: pointer; }
button:focus-visible { outline: 3px solid #f0a500; outline-offset: 2px; }
button:disabled { background: #6b7785; cursor: default; }
button img { width: 2rem; height: 2rem; border-radius: .25rem; background: #fff; }
code, pre { font-size: .9rem; overflow-wrap: anywhere; }
pre { white-space: pre-wrap; background: #fff; padding: 1rem; border-radius: .5rem; }
#outcome { font-size: 1.2rem; font-weight: 600; }
`;

/** Finds wallets by EIP-6963, asks the chosen one for the account and for `eth_signTypedData_v4`, and sends it back. */
const SCRIPT = `
'use strict';
const { typedData, signer, words } = JSON.parse(document.getElementById('task').textContent);
const wallets = document.getElementById('wallets');
const outcome = document.getElementById('outcome');
const known = new Set();
const say = (text) => { outcome.textContent = text; };
const enable = (on) => { for (const button of wallets.children) button.disabled = !on; };

async function sign(provider) {
  const accounts = await provider.request({ method: 'eth_requestAccounts' });
  const account = accounts.find((one) => String(one).toLowerCase() === signer);
  if (account === undefined) throw new Error(words.foreign);
  const signature = await provider.request({
    method: 'eth_signTypedData_v4',
    params: [account, JSON.stringify(typedData)],
  });
  const answer = await fetch(location.href, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ signature }),
  });
  if (!answer.ok) throw new Error(await answer.text());
}

window.addEventListener('eip6963:announceProvider', ({ detail: { info, provider } }) => {
  if (known.has(info.uuid)) return;
  known.add(info.uuid);
  if (known.size === 1) say('');
  const button = document.createElement('button');
  if (/^data:image\\//.test(info.icon)) {
    const icon = document.createElement('img');
    icon.src = info.icon;
    icon.alt = '';
    button.append(icon);
  }
  button.append(words.sign.replace('{wallet}', () => info.name));
  button.addEventListener('click', () => {
    enable(false);
    say('');
    sign(provider).then(
      () => { wallets.replaceChildren(); say(words.done); },
      (error) => { enable(true); say(words.refused + ' ' + error.message); },
    );
  });
  wallets.append(button);
});
window.dispatchEvent(new Event('eip6963:requestProvider'));
`;
