import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BrowserContext, chromium } from 'playwright-core';

const PLACES = [process.env['CARELATTICE_CHROMIUM'], '/usr/bin/chromium'];

/** A headless Chromium with a profile of its own; the tests are left out, aloud, where there is none. */
export async function chromiumOrSkip(context: Mocha.Context): Promise<BrowserContext> {
  const executablePath = PLACES.find((path) => path !== undefined && existsSync(path));
  if (executablePath === undefined) {
    console.warn('      no Chromium here (set CARELATTICE_CHROMIUM): left out');
    return context.skip();
  }
  const profile = mkdtempSync(join(tmpdir(), 'carelattice-chromium-'));
  const browser = await chromium.launchPersistentContext(profile, {
    executablePath,
    args: [
      '--headless',
      '--no-sandbox',
      '--disable-gpu',
      '--disable-background-networking',
      '--no-first-run',
    ],
  });
  browser.once('close', () => {
    rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
  });
  return browser;
}
