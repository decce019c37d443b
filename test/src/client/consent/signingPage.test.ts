import { request } from 'node:http';
import { expect } from 'chai';
import { Wallet as EthersWallet } from 'ethers';
import type { BrowserContext, Page } from 'playwright-core';
import { draftConsent } from '../../../../src/client/consent/draftConsent.ts';
import {
  signConsent,
  type SigningTask,
  signingTask,
} from '../../../../src/client/consent/signConsent.ts';
import { pageHtml, pagePolicy } from '../../../../src/client/consent/signingPage.ts';
import { signInBrowser } from '../../../../src/client/consent/signingPage.node.ts';
import { authorityOf, type Wallet } from '../../../../src/client/wallet/wallet.ts';
import { randomBytes } from '../../../../src/crypto/random.ts';
import type { Hex } from '../../../../src/hash/bytes.ts';
import type { WalletTypedData } from '../../../../src/wire/typedData.ts';
import { codeOf } from '../../../support/codeOf.ts';
import { federationId, reader } from '../../wire/consentFixture.ts';
import { chromiumOrSkip } from './chromiumOrSkip.ts';
import { walletIn, wishOf } from './consentWishes.ts';

interface Signing {
  readonly wallet: Wallet;
  readonly task: SigningTask;
  /** Over the task. */
  readonly good: Hex;
  readonly url: URL;
  readonly signed: Promise<Hex>;
}

function drafted(language: 'en' | 'zh' = 'en'): Omit<Signing, 'url' | 'signed'> {
  const wallet = walletIn('network');
  const consent = draftConsent(wishOf(wallet, { language }), randomBytes);
  const task = signingTask(consent, federationId, authorityOf(wallet));
  return { wallet, task, good: signConsent(wallet, federationId, consent).kept.signature };
}

/** A page that waits for its signature. */
async function signing(language?: 'en' | 'zh'): Promise<Signing> {
  const { wallet, task, good } = drafted(language);
  const opened = Promise.withResolvers<URL>();
  const signed = signInBrowser(task, {
    announce: (url) => {
      opened.resolve(new URL(url));
    },
  });
  signed.catch(opened.reject);
  return { wallet, task, good, url: await opened.promise, signed };
}

interface Sent {
  readonly method?: string;
  readonly path?: string;
  readonly headers?: Record<string, string>;
  readonly body?: string;
}

/** What the page's server answers; `fetch` would not let another Host or Origin be sent. */
const answered = (url: URL, { method = 'GET', path, headers = {}, body }: Sent) =>
  new Promise<{ status: number; text: string; policy: string }>((resolve, reject) => {
    const sent = request(
      { host: url.hostname, port: url.port, path: path ?? url.pathname, method, headers },
      (response) => {
        let text = '';
        response.setEncoding('utf8');
        response.on('data', (part: string) => (text += part));
        response.on('end', () => {
          const policy = String(response.headers['content-security-policy'] ?? '');
          resolve({ status: response.statusCode ?? 0, text, policy });
        });
      },
    );
    sent.on('error', reject);
    sent.end(body);
  });

const post = (url: URL, signature: unknown, origin: string = url.origin) =>
  answered(url, { method: 'POST', headers: { origin }, body: JSON.stringify({ signature }) });

describe('signingPage', () => {
  it('shows the whole text, and lets run nothing but its own', async () => {
    const { task, good, url, signed } = await signing();
    const { status, text, policy } = await answered(url, {});
    expect(status).to.equal(200);
    for (const line of task.statement.split('\n')) expect(text).to.include(`<p>${line}</p>`);
    expect(policy).to.match(
      /^default-src 'none'; script-src 'nonce-[0-9a-f]{32}'; style-src 'nonce-/,
    );
    expect(policy).to.include("frame-ancestors 'none'").and.not.include('unsafe');
    const again = await answered(url, {});
    expect(again.policy).not.to.equal(policy);
    await post(url, good);
    expect(await signed).to.equal(good);
  });

  it('answers only at its own address, under its own name, to its own page', async () => {
    const { good, url, signed } = await signing();
    const refused: [Sent, number][] = [
      [{ path: '/' }, 404],
      [{ path: `${url.pathname.slice(0, -1)}${url.pathname.endsWith('0') ? '1' : '0'}` }, 404],
      [{ path: `${url.pathname}?a=1` }, 404],
      [{ headers: { host: 'evil.example' } }, 404],
      [{ headers: { host: `localhost:${url.port}` } }, 404],
      [{ method: 'PUT' }, 405],
      [{ method: 'POST', body: JSON.stringify({ signature: good }) }, 403],
    ];
    for (const [sent, status] of refused) {
      expect((await answered(url, sent)).status, JSON.stringify(sent)).to.equal(status);
    }
    expect((await post(url, good, 'http://evil.example')).status).to.equal(403);
    await post(url, good);
    await signed;
  });

  it('takes no signature but one of the account over this text, and is gone after it', async () => {
    const { good, url, signed } = await signing();
    const strange = drafted().good;
    for (const bad of [strange, '0x', 'x'.repeat(100_000), 4, undefined, good.slice(0, 130)]) {
      const { status, text } = await post(url, bad);
      expect(status).to.equal(400);
      expect(text).to.match(/signature/);
    }
    expect((await post(url, good.toUpperCase().replace('0X', '0x'))).status).to.equal(200);
    expect(await signed).to.equal(good);
    const after = await answered(url, {}).catch((error: unknown) => String(error));
    expect(after).to.match(/ECONNREFUSED|ECONNRESET/);
  });

  it('gives up when nobody signs', async () => {
    const { task } = drafted();
    const late = (): Promise<Hex> =>
      signInBrowser(task, { announce: () => undefined, withinMs: 1 });
    expect(await codeOf(late)).to.equal('NotSigned');
  });

  it('writes names as text, whatever they hold', () => {
    const wallet = walletIn('network');
    const name = '</script><img src=x onerror=alert(1)>&';
    const consent = draftConsent(wishOf(wallet, { reader: { nodeId: reader, name } }), randomBytes);
    const html = pageHtml(signingTask(consent, federationId, authorityOf(wallet)), 'abc');
    expect(html).not.to.include('<img src=x');
    expect(html.match(/<\/script>/g)).to.have.lengthOf(2);
    expect(pagePolicy('abc')).to.include("script-src 'nonce-abc'");
  });
});

/** A wallet extension as EIP-6963 has them announce themselves; runs in the page. */
const announceWallet = ({
  name,
  accounts,
}: {
  name: string;
  accounts: readonly string[];
}): void => {
  const provider = {
    request({ method, params }: { method: string; params?: readonly string[] }) {
      if (method === 'eth_requestAccounts') return Promise.resolve(accounts);
      // Exposed to the page by the test: the signing half of the wallet.
      const { signInWallet } = window as unknown as {
        signInWallet(account: string, typedData: string): Promise<string>;
      };
      return signInWallet(params?.[0] ?? '', params?.[1] ?? '');
    },
  };
  const detail = Object.freeze({
    info: { uuid: name, name, rdns: 'example.wallet', icon: 'data:image/svg+xml,<svg/>' },
    provider,
  });
  const announce = (): void => {
    window.dispatchEvent(new CustomEvent('eip6963:announceProvider', { detail }));
  };
  window.addEventListener('eip6963:requestProvider', announce);
  announce();
};

describe('signingPage in Chromium', () => {
  let browser: BrowserContext;
  let page: Page;
  let problems: string[];
  let answer: (typedData: WalletTypedData) => Promise<string>;

  before(async function () {
    browser = await chromiumOrSkip(this);
  });
  beforeEach(async () => {
    page = await browser.newPage();
    problems = [];
    page.on('console', (message) => {
      if (message.type() === 'error') problems.push(message.text());
    });
    page.on('pageerror', (error) => problems.push(String(error)));
    await page.exposeFunction(
      'signInWallet',
      (_: string, typedData: string) => answer(JSON.parse(typedData) as WalletTypedData), // what the page gives the wallet
    );
  });
  afterEach(async () => {
    await page.close();
  });
  // The hook does not run this when the suite was skipped before a browser was there.
  after(async () => {
    await (browser as BrowserContext | undefined)?.close();
  });

  const signer = (wallet: Wallet) => async (typedData: WalletTypedData) => {
    const { EIP712Domain: _, ...types } = typedData.types;
    const mutable = Object.fromEntries(
      Object.entries(types).map(([name, fields]) => [name, [...fields]]),
    );
    const ethers = new EthersWallet(wallet.authorityKey);
    return ethers.signTypedData(typedData.domain, mutable, { ...typedData.message });
  };

  it('lets a wallet found by EIP-6963 sign what the page shows', async () => {
    const { wallet, task, good, url, signed } = await signing();
    const accounts = [new EthersWallet(wallet.authorityKey).address];
    await page.addInitScript(announceWallet, { name: 'Test Wallet', accounts });
    answer = signer(wallet);
    await page.goto(url.href);
    expect(await page.locator('#statement p').allInnerTexts()).to.deep.equal(
      task.statement.split('\n'),
    );
    const size = await page
      .locator('#statement')
      .evaluate((element) => parseFloat(getComputedStyle(element).fontSize));
    expect(size).to.be.at.least(20);
    await page.getByRole('button', { name: 'Sign with Test Wallet' }).click();
    expect(await signed).to.equal(good);
    await page.getByText('Signed. You can close this page.').waitFor();
    expect(problems).to.deep.equal([]);
  });

  it('tells in Chinese what is wrong, and lets her try again', async () => {
    const { wallet, good, url, signed } = await signing('zh');
    const accounts = [new EthersWallet(wallet.authorityKey).address];
    await page.addInitScript(announceWallet, {
      name: 'Foreign',
      accounts: [`0x${'12'.repeat(20)}`],
    });
    await page.addInitScript(announceWallet, { name: 'Test Wallet', accounts });
    answer = () => Promise.reject(new Error('User rejected the request.'));
    await page.goto(url.href);
    expect(await page.locator('html').getAttribute('lang')).to.equal('zh');
    await page.getByRole('button', { name: 'Foreign' }).click();
    await page.getByText('未签署：').and(page.getByText('此钱包中没有该账户')).waitFor();
    await page.getByRole('button', { name: '用 Test Wallet 签署' }).click();
    await page.getByText('User rejected the request.').waitFor();
    answer = () => Promise.resolve(`0x${'00'.repeat(65)}`);
    await page.getByRole('button', { name: 'Test Wallet' }).click();
    await page.getByText('the signature is not of the account').waitFor();
    answer = signer(wallet);
    await page.getByRole('button', { name: 'Test Wallet' }).click();
    expect(await signed).to.equal(good);
    await page.getByText('已签署').waitFor();
  });

  it('says so when there is no wallet', async () => {
    const { good, url, signed } = await signing();
    await page.goto(url.href);
    expect(await page.locator('#outcome').innerText()).to.match(/^No wallet was found/);
    await post(url, good);
    await signed;
  });
});
