import { MantineProvider } from '@mantine/core';
import { fireEvent, render, screen } from '@testing-library/react';
import { expect, it, vi } from 'vitest';
import type { ButtonState } from './button';
import { GenerateButton } from './GenerateButton';

const quote = {
  total_mt: 2500,
  lines: [{ text: '4 pictures', amount_mt: 2500 }],
  sheet_version: 3,
  available_mt: 9000,
  enough: true,
};

function show(state: ButtonState) {
  const press = vi.fn();
  render(
    <MantineProvider env="test">
      <GenerateButton state={state} quote={quote} available_mt={9000} onPress={press} />
    </MantineProvider>,
  );
  return { press, button: screen.getByTestId('generate') };
}

it('carries the exact price', () => {
  const { button, press } = show({ kind: 'ready', price_mt: 2500 });
  expect(button.textContent).toContain('2.5');
  expect(button.getAttribute('aria-disabled')).toBe('false');
  fireEvent.click(button);
  expect(press).toHaveBeenCalledOnce();
});

it('stays in reach and says why it does not work', () => {
  const { button } = show({ kind: 'no_prompt', price_mt: 2500 });
  expect(button.getAttribute('aria-disabled')).toBe('true');
  expect((button as HTMLButtonElement).disabled).toBe(false);
  expect(button.getAttribute('aria-description')).toBe('First say what you would like to see.');
});

it('shows the lines and what is left', async () => {
  show({ kind: 'ready', price_mt: 2500 });
  fireEvent.click(screen.getByRole('button', { name: 'What this costs' }));
  const details = (await screen.findAllByText('4 pictures'))[0]?.closest('dl');
  expect(details?.textContent).toContain('Left afterwards6.5');
});

it('goes on without tokens, and says how long that takes', () => {
  const wait = { from_seconds: 120, to_seconds: 240 };
  const { button, press } = show({ kind: 'relaxed', price_mt: 0, wait });
  expect(button.textContent).toContain('Generate relaxed');
  expect(button.textContent).toContain('free');
  expect(button.textContent).toContain('about 2 to 4 min');
  fireEvent.click(button);
  expect(press).toHaveBeenCalledOnce();
});

it('promises no time that was not measured', () => {
  const { button } = show({ kind: 'relaxed', price_mt: 0, wait: null });
  expect(button.textContent).toContain('free');
  expect(button.textContent).not.toContain('about');
});
