// Starting the browser, in one place.
import { existsSync } from 'node:fs';
import { chromium } from 'playwright-core';

const found = process.env.CHROMIUM ?? (existsSync('/usr/bin/chromium') ? '/usr/bin/chromium' : 'chromium');

export const BASE_URL = (process.env.BASE_URL ?? 'http://localhost:4173').replace(/\/$/, '');

export function launch() {
  return chromium.launch({
    executablePath: found,
    headless: true,
    args: [
      '--headless',
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
}

export const laptop = { width: 1440, height: 900 };
export const phone = { width: 390, height: 844 };

/** A fresh visitor: own cookies, own storage. */
export function visitor(browser, { viewport = laptop, colorScheme = 'light', ...rest } = {}) {
  return browser.newContext({
    baseURL: BASE_URL,
    viewport,
    colorScheme,
    hasTouch: viewport.width < 600,
    isMobile: viewport.width < 600,
    acceptDownloads: true,
    ...rest,
  });
}
