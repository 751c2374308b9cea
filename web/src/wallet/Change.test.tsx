import { render, screen } from '@testing-library/react';
import { expect, it } from 'vitest';
import { Change } from './Change';
import './words';

it.each([
  ['hold', -2500, 2500, '−2.5'],
  ['grant', 40_000, 40_000, '+40'],
  ['capture', 0, 2500, 'as held'],
  ['debt', 0, 2_000_000, '2,000'],
  ['repay', 0, 500_000, '500'],
] as const)('%s of %d, %d moved, reads as it should', (op, amount_mt, moved_mt, text) => {
  render(
    <p data-testid="change">
      <Change row={{ op, amount_mt, moved_mt }} />
    </p>,
  );
  expect(screen.getByTestId('change').textContent).toBe(text);
});
