import { cleanup } from '@testing-library/react';
import { afterEach } from 'vitest';
import './i18n';

window.matchMedia ??= (query: string) =>
  ({
    matches: false,
    media: query,
    addEventListener() {},
    removeEventListener() {},
  }) as unknown as MediaQueryList;

afterEach(cleanup);
